import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { networkOf } from '../platform/limits/limited.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { negotiated } from '../platform/http/negotiate.js';
import { bytesBody, type Body } from '../platform/http/send.js';
import type { Ask } from './ask.js';
import { drawIdenticon, identiconFormats, identiconStyle, identiconSvg, type IdenticonFormat } from './identicon.js';
import { PictureCache } from './picture-cache.js';

/** Drawn at once: each takes one CPU for some milliseconds. */
const atOnce = 2;
const maxWaiting = 50;
const types = identiconFormats.map((format) => `image/${format}`);

/** Pictures for hashes that have none. */
@Injectable()
export class Identicons {
  private readonly inTurn = pLimit(atOnce);

  constructor(
    private readonly pictures: PictureCache,
    private readonly limiter: RateLimiter,
  ) {}

  /** Always a picture: for a network that asks for too many new ones, or when many wait, the SVG, which costs nothing. */
  async body({ hash, size, query, headers, ip }: Ask): Promise<Body> {
    const wanted = identiconFormats.find((format) => format === query.format);
    const mimeType = wanted ? `image/${wanted}` : negotiated(types, headers)!;
    const format = mimeType.slice('image/'.length) as IdenticonFormat;
    const tag = `${identiconStyle}-${hash}-${size}-${format}`;
    const isFree =
      this.pictures.has(tag) ||
      (this.inTurn.pendingCount < maxWaiting && (await this.limiter.allows('identicon', networkOf(ip))));
    const about = { modifiedAt: null, open: true, changes: true, ...(wanted ? {} : { vary: ['Accept'] }) };
    if (!isFree) {
      const svg = Buffer.from(identiconSvg(hash, size));
      return bytesBody(svg, { ...about, tag: `${tag}-svg`, mimeType: 'image/svg+xml' });
    }
    const bytes = await this.pictures.get(tag, () => this.inTurn(() => drawIdenticon(hash, size, format)));
    return bytesBody(bytes, { ...about, tag, mimeType });
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { sql } from '../platform/database/sql.js';
import { varyOfPublic } from '../platform/http/answer-headers.js';
import { negotiated } from '../platform/http/negotiate.js';
import { bytesBody, send, type Body } from '../platform/http/send.js';
import { avatarKey } from '../platform/storage/keys.js';
import { NotStored, Storage } from '../platform/storage/storage.js';
import type { AvatarFormat } from '../processing/image/avatar.js';
import { defaultAvatar, type StoredSquare } from './avatar.entity.js';
import type { Ask } from './ask.js';
import { shortVersion, type Stored } from './avatars.service.js';
import { Identicons } from './identicons.service.js';
import { PictureCache } from './picture-cache.js';

/** By preference. */
const formats: AvatarFormat[] = ['webp', 'gif', 'png', 'jpeg'];
/** Larger ones are streamed from the storage. */
const maxCachedBytes = 128 * 1024;
/** A picture that was read about may be replaced, and removed, before it is opened. */
const maxTries = 4;
/** For so long at least an address of the storage is valid; caches keep it for half of that. */
const redirectSeconds = 600;

/** What an address shows: the avatar of the hash, else that of the backup, else the default, else an identicon. */
@Injectable()
export class AvatarReader {
  private readonly logger = new Logger('Avatars');

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly pictures: PictureCache,
    private readonly identicons: Identicons,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async exists(hash: string, backup: string | null): Promise<boolean> {
    const rows = await sql`select 1 from avatars where hash in (${hash}, ${backup ?? hash}) limit 1`.all(this.em);
    return rows.length > 0;
  }

  async send(reply: FastifyReply, ask: Ask): Promise<void> {
    for (let tries = 1; tries <= maxTries; tries++) {
      const found = await this.find(ask);
      if (!found) break;
      try {
        return await this.sendStored(reply, ask, found);
      } catch (error) {
        if (!(error instanceof NotStored)) throw error;
        if (tries === maxTries)
          this.logger.error({ hash: found.hash, key: error.key }, 'bytes of an avatar are missing');
      }
    }
    return send(reply, ask, await this.identicons.body(ask));
  }

  private async find({ hash, backup }: Ask): Promise<Stored | undefined> {
    const [found] = await sql<Stored>`
      select a.hash, a.version, a.squares from unnest(${[hash, backup ?? hash, defaultAvatar]}::text[]) with ordinality as w (hash, i)
      join avatars a on a.hash = w.hash order by w.i limit 1`.all(this.em);
    return found;
  }

  private async sendStored(reply: FastifyReply, ask: Ask, found: Stored): Promise<void> {
    const { query, headers, size } = ask;
    const { square, isNegotiated } = chosen(found, query.format, headers, size);
    const isVersion = found.hash === ask.hash && query.v === shortVersion(found.version);
    const key = avatarKey(found.hash, found.version, `${square.size}.${square.format}`);
    const address = this.config.avatars.redirect ? await this.storage.addressOf(key, redirectSeconds) : null;
    if (address) {
      void reply.headers({
        'cache-control': isVersion ? `public, max-age=${redirectSeconds / 2}` : 'public, no-cache',
        vary: varyOfPublic('Accept'),
      });
      return void reply.redirect(address, 302);
    }
    return send(
      reply,
      ask,
      await this.body(key, square, {
        tag: `${found.version}-${square.size}-${square.format}`,
        mimeType: `image/${square.format}`,
        // The former picture, or that of the backup, may be older than this one, or newer.
        modifiedAt: null,
        open: true,
        changes: !isVersion,
        ...(isNegotiated && { vary: ['Accept'] }),
      }),
    );
  }

  private async body(key: string, { bytes }: StoredSquare, about: Omit<Body, 'bytes' | 'read'>): Promise<Body> {
    if (bytes > maxCachedBytes)
      return { ...about, bytes, read: async (range) => (await this.storage.open(key, range)).stream };
    const picture = await this.pictures.get(key, async () => buffer((await this.storage.open(key)).stream));
    return bytesBody(picture, about);
  }
}

/** The best format first: an animation may be there in small sizes only. Then the next larger size, or the largest. */
function chosen(
  { squares }: Stored,
  wanted: AvatarFormat | undefined,
  headers: IncomingHttpHeaders,
  size: number,
): { square: StoredSquare; isNegotiated: boolean } {
  const made = formats.filter((format) => squares.some((square) => square.format === format));
  const offered = made.map((format) => `image/${format}`);
  const exact = made.find((one) => one === wanted);
  const format = exact ?? negotiated(offered, headers)!.slice('image/'.length);
  const sizes = squares.filter((square) => square.format === format).toSorted((a, b) => a.size - b.size);
  return { square: sizes.find((square) => square.size >= size) ?? sizes.at(-1)!, isNegotiated: !exact };
}

import { Injectable } from '@nestjs/common';
import { fileHref } from '../files/signed-hrefs.service.js';
import { Problem } from '../platform/http/problems.js';
import { masterPlaylist, mediaPlaylist, type Segments, type Variant } from '../processing/hls.js';
import type { Asking } from './asking.js';
import type { Deliverable, StoredRendition } from './delivery.queries.js';
import { DeliveryService } from './delivery.service.js';
import type { Body } from './send.js';

/** Playlists are written at request time, from the measured segments: so private ones can carry the viewer's token. */
@Injectable()
export class Playlists {
  constructor(private readonly delivery: DeliveryService) {}

  master(file: Deliverable, asking: Asking): Body {
    const address = this.addresses(file, asking);
    const variants = this.delivery.made(file, 'rung').map(toVariant);
    return this.delivery.playlist(
      file,
      masterPlaylist(variants, (name) => address(`${name}.m3u8`)),
      true,
    );
  }

  rung(file: Deliverable, name: string, asking: Asking): Body {
    const rung = this.delivery.made(file, 'rung').find((rendition) => rendition.name === name);
    if (!rung) throw new Problem('rendition_not_found');
    return this.delivery.playlist(
      file,
      mediaPlaylist(toVariant(rung), this.addresses(file, asking)(`${name}.mp4`)),
      false,
    );
  }

  music(file: Deliverable, asking: Asking): Body {
    const [audio] = this.delivery.made(file, 'audio');
    return this.delivery.playlist(
      file,
      mediaPlaylist(toVariant(audio!), this.addresses(file, asking)('audio.mp4')),
      true,
    );
  }

  private addresses(file: Deliverable, asking: Asking): (name: string) => string {
    const token = this.delivery.tokenFor(file, asking);
    return (name) => `${fileHref(file.kind, file.url)}/${name}${token ? `?t=${token}` : ''}`;
  }
}

const toVariant = ({ name, width, height, facts }: StoredRendition): Variant => {
  const { codecs, fps, initBytes, segments } = facts as Segments & { codecs: string; fps?: number };
  return { name, codecs, initBytes, segments, ...(width && { width }), ...(height && { height }), ...(fps && { fps }) };
};

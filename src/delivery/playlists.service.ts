import { Injectable } from '@nestjs/common';
import { fileHref } from '../files/signed-hrefs.service.js';
import { Problem } from '../platform/http/problems.js';
import { masterPlaylist, mediaPlaylist, textPlaylist, type Segments, type Variant } from '../processing/hls.js';
import type { Asking } from './asking.js';
import type { Deliverable, StoredRendition } from './delivery.queries.js';
import { DeliveryService } from './delivery.service.js';
import type { Body } from './send.js';

/** Playlists are written at request time, from the measured segments: so private ones can carry the viewer's token. */
@Injectable()
export class Playlists {
  constructor(private readonly delivery: DeliveryService) {}

  master(file: Deliverable, asking: Asking): Body {
    const rungs = this.delivery.made(file, 'rung');
    const tracks = file.renditions
      .filter(({ role }) => role === 'subtitles')
      .map((track) => ({
        language: track.name,
        label: String(track.facts?.label ?? track.name),
        uri: this.address(file, asking, `subtitles/${track.name}.m3u8`, track),
      }));
    const uri = (name: string) =>
      this.address(
        file,
        asking,
        `${name}.m3u8`,
        rungs.find((rung) => rung.name === name)!,
      );
    const text = masterPlaylist(rungs.map(toVariant), uri, tracks);
    return this.delivery.playlist(file, text, true);
  }

  rung(file: Deliverable, name: string, asking: Asking): Body {
    const rung = this.delivery.made(file, 'rung').find((rendition) => rendition.name === name);
    if (!rung) throw new Problem('rendition_not_found');
    const text = mediaPlaylist(toVariant(rung), this.address(file, asking, `${name}.mp4`, rung));
    return this.delivery.playlist(file, text, false);
  }

  subtitles(file: Deliverable, language: string, asking: Asking): Body {
    const track = this.delivery.made(file, 'subtitles').find(({ name }) => name === language);
    if (!track || file.durationMs === null) throw new Problem('rendition_not_found');
    const text = textPlaylist(file.durationMs, this.address(file, asking, `subtitles/${language}.vtt`, track));
    return this.delivery.playlist(file, text, true);
  }

  music(file: Deliverable, asking: Asking): Body {
    const audio = this.delivery.made(file, 'audio')[0]!;
    const text = mediaPlaylist(toVariant(audio), this.address(file, asking, 'audio.mp4', audio));
    return this.delivery.playlist(file, text, true);
  }

  private address(file: Deliverable, asking: Asking, name: string, { id }: StoredRendition): string {
    return fileHref(file.kind, file.url, `/${name}`, { v: id.slice(-8), t: this.delivery.tokenFor(file, asking) });
  }
}

const toVariant = ({ name, width, height, facts }: StoredRendition): Variant => {
  const { codecs, fps, initBytes, segments } = facts as Segments & { codecs: string; fps?: number };
  return { name, codecs, initBytes, segments, ...(width && { width }), ...(height && { height }), ...(fps && { fps }) };
};

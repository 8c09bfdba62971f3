import { Injectable } from '@nestjs/common';
import { fileHref } from '../files/signed-hrefs.service.js';
import { Problem } from '../platform/http/problems.js';
import {
  keyFramesOf,
  keyFramesPlaylist,
  masterPlaylist,
  mediaPlaylist,
  ratesOf,
  subtitlePlaylist,
  type Rates,
  type Segments,
  type SoundTrack,
  type Variant,
} from '../processing/video/hls.js';
import { storyboardVtt, type StoryboardPlan } from '../processing/video/storyboard.js';
import type { Asking } from './asking.js';
import type { Deliverable, StoredRendition } from './delivery.queries.js';
import { DeliveryService } from './delivery.service.js';
import type { Body } from '../platform/http/send.js';

/** Playlists are generated per request from stored measurements, so that private ones can carry the viewer's token. */
@Injectable()
export class HlsPlaylists {
  constructor(private readonly delivery: DeliveryService) {}

  master(file: Deliverable, asking: Asking): Body {
    const rungs = this.delivery.made(file, 'rung');
    const alone = file.renditions.filter(({ role }) => role === 'audio');
    const variants = [...rungs, ...alone.filter(isMain)];
    const tracks = alone.filter((sound) => !isMain(sound));
    const named = (name: string) => variants.find((variant) => variant.name === name)!;
    const text = masterPlaylist({
      variants: variants.map(toVariant),
      uri: (name) => this.address(file, asking, `${name}.m3u8`, named(name)),
      keyFramesUri: (name) => this.address(file, asking, `keyframes/${name}.m3u8`, named(name)),
      subtitles: file.renditions
        .filter(({ role }) => role === 'subtitles')
        .map((track) => ({
          language: track.name,
          label: String(track.facts?.label ?? track.name),
          uri: this.address(file, asking, `subtitles/${track.name}.m3u8`, track),
        })),
      sounds: tracks.length ? [...alone.filter(isMain), ...tracks].map((track) => this.sound(file, asking, track)) : [],
    });
    return this.delivery.playlist(file, text, true);
  }

  /** The main track is part of every rung already. */
  private sound(file: Deliverable, asking: Asking, track: StoredRendition): SoundTrack {
    const { label, language } = track.facts as { label: string; language: string | null };
    return { label, language, uri: isMain(track) ? null : this.address(file, asking, `${track.name}.m3u8`, track) };
  }

  rung(file: Deliverable, name: string, asking: Asking): Body {
    const rung = this.stream(file, name);
    const text = mediaPlaylist(segmentsOf(rung), this.address(file, asking, `${name}.mp4`, rung));
    return this.delivery.playlist(file, text, false);
  }

  keyFrames(file: Deliverable, name: string, asking: Asking): Body {
    const rung = this.stream(file, name);
    const frames = keyFramesOf(segmentsOf(rung));
    if (!frames) throw new Problem('rendition_not_found');
    const text = keyFramesPlaylist(frames, this.address(file, asking, `${name}.mp4`, rung));
    return this.delivery.playlist(file, text, false);
  }

  /**
   * A rung, or a sound track.
   * @throws {Problem} `file_not_ready`, `rendition_not_found`
   */
  stream(file: Deliverable, name: string): StoredRendition {
    const found = file.renditions.find((rendition) => rendition.name === name);
    if (!found && this.delivery.made(file, 'rung')) throw new Problem('rendition_not_found');
    return found!;
  }

  storyboard(file: Deliverable, asking: Asking): Body {
    const sheets = this.delivery.made(file, 'storyboard').toSorted((a, b) => Number(a.name) - Number(b.name));
    const plan = sheets[0]!.facts as StoryboardPlan;
    const addresses = sheets.map((sheet) => this.address(file, asking, `storyboard/${sheet.name}.jpg`, sheet));
    const text = storyboardVtt(plan, file.durationMs ?? 0, addresses);
    return this.delivery.text(file, text, 'text/vtt; charset=utf-8', true);
  }

  subtitles(file: Deliverable, language: string, asking: Asking): Body {
    const track = this.delivery.made(file, 'subtitles').find(({ name }) => name === language);
    if (!track || file.durationMs === null) throw new Problem('rendition_not_found');
    const text = subtitlePlaylist(file.durationMs, this.address(file, asking, `subtitles/${language}.vtt`, track));
    return this.delivery.playlist(file, text, true);
  }

  music(file: Deliverable, asking: Asking): Body {
    const audio = this.delivery.made(file, 'audio')[0]!;
    const text = mediaPlaylist(segmentsOf(audio), this.address(file, asking, 'audio.mp4', audio));
    return this.delivery.playlist(file, text, true);
  }

  private address(file: Deliverable, asking: Asking, name: string, { id }: StoredRendition): string {
    return fileHref(file.kind, file.url, `/${name}`, { v: id.slice(-8), t: this.delivery.tokenFor(file, asking) });
  }
}

/** The track that is also in the rungs: a variant of its own, for connections too slow for video. */
const isMain = ({ facts }: StoredRendition): boolean => facts?.isMain === true;

const segmentsOf = ({ facts, segments }: StoredRendition): Segments => ({
  initBytes: facts!.initBytes as number,
  segments: segments!,
});

const toVariant = (rendition: StoredRendition): Variant => {
  const { name, width, height } = rendition;
  const { codecs, fps, ...kept } = rendition.facts as Partial<Rates> & { codecs: string; fps?: number };
  const { bandwidth, keyFrames = null } = kept.bandwidth ? kept : ratesOf(segmentsOf(rendition));
  return {
    ...{ name, codecs, bandwidth: bandwidth!, keyFrames },
    ...(width && { width }),
    ...(height && { height }),
    ...(fps && { fps }),
  };
};

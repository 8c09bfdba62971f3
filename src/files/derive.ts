import { extname, join } from 'node:path';
import type { Limits } from '../processing/run/limits.js';
import { deriveAnimation, isAnimation } from '../processing/image/animation.js';
import { deriveMusic } from '../processing/audio/audio.js';
import type { Context } from '../processing/run/context.js';
import { ratesOf, type Segment } from '../processing/video/hls.js';
import { derivePhoto, type Output } from '../processing/image/image.js';
import { deriveVideo, type Video } from '../processing/video/video.js';
import type { FileKind } from './file.entity.js';
import type { RenditionRole } from './rendition.entity.js';

/** A file that processing wrote to the workspace, with the columns of its row in `renditions`. */
export interface DerivedFile {
  role: RenditionRole;
  name: string;
  path: string;
  mimeType: string;
  width?: number;
  height?: number;
  durationMs?: number;
  bitrate?: number;
  bytes: number;
  facts?: Record<string, unknown>;
  /** Of a stream. A separate column, because the others are read far more often. */
  segments?: Segment[];
}

export interface Derived {
  width?: number;
  height?: number;
  durationMs?: number;
  placeholder?: string;
  color?: string;
  facts: Record<string, unknown>;
  outputs: DerivedFile[];
}

/** Receives what can be played already, while the rest is still being processed. */
type OnPlayable = (derived: Derived) => Promise<void>;

type Derive = (
  input: string,
  dir: string,
  limits: Limits,
  context: Context,
  onPlayable?: OnPlayable,
) => Promise<Derived>;

const images = (role: RenditionRole, outputs: Output[]): DerivedFile[] =>
  outputs.map(({ name, path, mimeType, width, height, bytes }) => ({
    role,
    name,
    path,
    mimeType,
    width,
    height,
    bytes,
  }));

function ofVideo({ facts, renditions, sounds, subtitles: embedded, storyboard, poster }: Video): Derived {
  const { width, height, durationMs, ...rest } = facts;
  const rungs = renditions.map(({ codecs, fps, initBytes, segments, ...rung }): DerivedFile => ({
    role: 'rung',
    ...rung,
    facts: { codecs, fps, initBytes, ...ratesOf({ initBytes, segments }) },
    segments,
  }));
  const audio = sounds.map(({ codecs, initBytes, segments, isMain, language, title, ...sound }, i): DerivedFile => ({
    role: 'audio',
    ...sound,
    facts: {
      ...{ codecs, initBytes, ...ratesOf({ initBytes, segments }) },
      ...{ isMain, language, label: title ?? nameOf(language) ?? `Track ${i + 1}` },
    },
    segments,
  }));
  const subtitles = embedded.map(({ language, title, cues, ...track }): DerivedFile => ({
    role: 'subtitles',
    name: language,
    ...track,
    facts: { label: title ?? nameOf(language) ?? language, cues, embedded: true },
  }));
  const sheets = storyboard.map(({ tiles, ...sheet }): DerivedFile => ({ role: 'storyboard', ...sheet, facts: tiles }));
  return {
    width,
    height,
    durationMs,
    placeholder: poster.placeholder,
    color: poster.color,
    facts: rest,
    outputs: [...rungs, ...audio, ...subtitles, ...sheets, ...images('poster', poster.outputs)],
  };
}

/** English name of a language. The private-use part, which distinguishes tracks of one language, has none. */
function nameOf(language: string | null): string | undefined {
  const known = language && new Intl.Locale(language).baseName;
  return known && known !== 'und' ? new Intl.DisplayNames(['en'], { type: 'language' }).of(known) : undefined;
}

/**
 * To be increased with each change of the result: `vitrine reprocess --outdated` finds older files.
 */
export const pipelineVersions: Record<Exclude<FileKind, 'file'>, number> = { photo: 2, video: 4, music: 5 };

/** How each kind is processed. A chat file is not. */
export const derive: Record<Exclude<FileKind, 'file'>, Derive> = {
  async photo(input, dir, limits, context) {
    const { facts, placeholder, color, outputs } = await derivePhoto(input, dir, limits.photo, context.signal, context);
    const { width, height, ...rest } = facts;
    const animated = isAnimation(facts)
      ? await deriveAnimation(input, join(dir, 'animation'), limits.photo, context)
      : [];
    const animations = animated.map((animation): DerivedFile => ({ role: 'animation', ...animation }));
    return { width, height, placeholder, color, facts: rest, outputs: [...images('image', outputs), ...animations] };
  },

  async video(input, dir, { video: { maxDurationMs } }, context, onPlayable) {
    const ctx = { ...context, maxDurationMs };
    return ofVideo(await deriveVideo(input, dir, ctx, onPlayable && ((video) => onPlayable(ofVideo(video)))));
  },

  async music(input, dir, limits, context) {
    const { facts, hls, progressive, waveform, cover } = await deriveMusic(input, dir, limits.photo, {
      ...context,
      maxDurationMs: limits.music.maxDurationMs,
    });
    const { durationMs, ...rest } = facts;
    const { codecs, initBytes, segments, ...stream } = hls;
    return {
      durationMs,
      ...(cover && { placeholder: cover.placeholder, color: cover.color }),
      facts: rest,
      outputs: [
        {
          ...{ role: 'audio', name: 'audio', ...stream, segments },
          facts: { codecs, initBytes, ...ratesOf({ initBytes, segments }) },
        },
        { role: 'download', name: 'download', ...progressive },
        { role: 'waveform', name: 'peaks', ...waveform },
        ...(cover ? images('cover', cover.outputs) : []),
      ],
    };
  },
};

/** Key below the file's folder. Each run has its own folder, so that files of two runs never mix. */
export const nameInRun = (runId: string, { role, name, path }: DerivedFile): string =>
  `${runId}/${role}-${name}${extname(path)}`;

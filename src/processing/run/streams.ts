import type { Format } from './formats.js';
import { languageOf } from '../video/languages.js';
import { lineOf, tagsOf, type Tags } from '../audio/tags.js';
import type { Sample } from '../video/timestamps.js';

type Rotation = 0 | 90 | 180 | 270;

export type VideoStream = {
  index: number;
  codec: string;
  profile: string | null;
  /** For H.264: ten times the level, 41 is 4.1. */
  level: number | null;
  /** Each frame is a whole picture; false for interlaced video, and if unknown for codecs that can be interlaced. */
  isProgressive: boolean;
  /** As stored, px. */
  width: number;
  height: number;
  /** As displayed: rotated upright, with square pixels. */
  displayWidth: number;
  displayHeight: number;
  /** Clockwise degrees by which the stored picture must be rotated. */
  rotation: Rotation;
  /** Average frames per second, measured from timestamps if there are enough; 0 if unknown. */
  fps: number;
  /** The frame rate as a fraction if it is constant, e.g. `30000/1001`. */
  constantFps: string | null;
  /** The fraction of which all frame intervals are multiples, as far as ffprobe has read. */
  baseRate?: string | undefined;
  pixFmt: string;
  /** Transfer curve, primaries, matrix and range of its colours in ffprobe's terms; null if not declared. */
  transfer: string | null;
  primaries: string | null;
  matrix: string | null;
  range: string | null;
  /** bit/s */
  bitrate: number | null;
  /** Start of its first picture on the file's clock. */
  startMs: number;
  durationMs: number | null;
};

export type AudioStream = {
  index: number;
  codec: string;
  profile: string | null;
  channels: number;
  sampleRate: number;
  /** bit/s */
  bitrate: number | null;
  /** Start of its first sample on the file's clock. */
  startMs: number;
  durationMs: number | null;
} & TrackLabel;

/** What a viewer chooses a track by. */
type TrackLabel = {
  /** BCP 47 */
  language: string | null;
  title: string | null;
};

/** Text subtitles inside the file. */
export type SubtitleStream = { index: number; codec: string } & TrackLabel;

export type Probe = {
  format: Format;
  /** bytes */
  size: number;
  /** Start of the file's clock; a cut broadcast may start at several hours. */
  startMs: number;
  /** From the earliest start to the latest end of all streams. */
  durationMs: number | null;
  video: VideoStream | null;
  audio: AudioStream | null;
  /** Additional sound tracks: other languages, commentary. */
  otherAudio: AudioStream[];
  subtitles: SubtitleStream[];
  cover: { index: number } | null;
  tags: Tags;
  streams: number;
};

export type RawStream = {
  index: number;
  codec_type?: string;
  codec_name?: string;
  width?: number;
  height?: number;
  sample_aspect_ratio?: string;
  r_frame_rate?: string;
  avg_frame_rate?: string;
  pix_fmt?: string;
  color_transfer?: string;
  color_primaries?: string;
  color_space?: string;
  color_range?: string;
  profile?: string;
  level?: number;
  field_order?: string;
  bit_rate?: string;
  start_time?: string;
  duration?: string;
  channels?: number;
  sample_rate?: string;
  disposition?: Record<string, number>;
  tags?: Record<string, string>;
  side_data_list?: { rotation?: number }[];
};
export type RawProbe = {
  format: { start_time?: string; duration?: string; size?: string; bit_rate?: string; tags?: Record<string, string> };
  streams: RawStream[];
};

/** By stream index. */
export type Samples = ReadonlyMap<number, Sample>;

/** Streams that can be the video: no covers, no seek pictures. */
export const videosIn = ({ streams }: RawProbe): RawStream[] =>
  streams.filter(
    ({ codec_type, disposition }) =>
      codec_type === 'video' &&
      !['attached_pic', 'timed_thumbnails', 'still_image'].some((name) => disposition?.[name] === 1),
  );

/**
 * Converts ffprobe's output.
 * @param samples of the video streams; without them headers are trusted
 */
export function describeProbe(format: Format, raw: RawProbe, samples: Samples = new Map()): Probe {
  const framesOf = (s: RawStream) => samples.get(s.index)?.frames ?? 0;
  // A still picture, such as that of a live photo beside its clip, is never the video.
  const video = best(videosIn(raw), (s) => [framesOf(s) > 1 ? 1 : 0, isDefault(s), framesOf(s), pixels(s)]);
  const audio = best(
    raw.streams.filter((s) => s.codec_type === 'audio'),
    (s) => [isDefault(s), s.channels ?? 0],
  );
  const others = raw.streams.filter((s) => s.codec_type === 'audio' && s !== audio && s.codec_name);
  const subtitles = raw.streams.filter((s) => s.codec_type === 'subtitle' && textCodecs.has(s.codec_name ?? ''));
  const cover = raw.streams.find((s) => s.codec_type === 'video' && s.disposition?.attached_pic === 1);
  const audioBitrate = positive(audio?.bit_rate);
  const total = positive(raw.format.bit_rate);
  return {
    format,
    size: Number(raw.format.size ?? 0),
    startMs: milliseconds(raw.format.start_time) ?? 0,
    durationMs: milliseconds(raw.format.duration),
    video: video ? describeVideo(video, samples.get(video.index), total && total - (audioBitrate ?? 0)) : null,
    audio: audio ? describeAudio(audio) : null,
    otherAudio: others.map(describeAudio),
    subtitles: subtitles.map((track) => ({ index: track.index, codec: track.codec_name!, ...trackLabel(track) })),
    cover: cover ? { index: cover.index } : null,
    tags: tagsOf({ ...audio?.tags, ...raw.format.tags }),
    streams: raw.streams.length,
  };
}

/** Text subtitles; bitmap subtitles can't be converted to text. */
const textCodecs = new Set(['subrip', 'srt', 'webvtt', 'mov_text', 'ass', 'ssa', 'text']);

const describeAudio = (stream: RawStream): AudioStream => ({
  index: stream.index,
  codec: stream.codec_name ?? 'unknown',
  profile: stream.profile ?? null,
  channels: stream.channels ?? 0,
  sampleRate: Number(stream.sample_rate ?? 0),
  bitrate: positive(stream.bit_rate),
  startMs: milliseconds(stream.start_time) ?? 0,
  durationMs: durationOf(stream),
  ...trackLabel(stream),
});

const trackLabel = ({ tags = {} }: RawStream): TrackLabel => ({
  language: languageOf(tags.language),
  title: lineOf(tags.title ?? '') || null,
});

function describeVideo(stream: RawStream, sample: Sample | undefined, remainingBitrate: number | null): VideoStream {
  const { width = 0, height = 0 } = stream;
  const rotation = rotationOf(stream);
  const shown = { width: Math.max(1, Math.round(width * ratio(stream.sample_aspect_ratio, ':', 1))), height };
  const turned = rotation === 90 || rotation === 270;
  return {
    index: stream.index,
    codec: stream.codec_name ?? 'unknown',
    profile: stream.profile ?? null,
    level: stream.level ?? null,
    isProgressive: stream.field_order === 'progressive',
    width,
    height,
    displayWidth: turned ? shown.height : shown.width,
    displayHeight: turned ? shown.width : shown.height,
    rotation,
    baseRate: stream.r_frame_rate,
    ...frameRate(ratio(stream.avg_frame_rate, '/', 0), stream.r_frame_rate, sample?.fps ?? null),
    pixFmt: stream.pix_fmt ?? 'unknown',
    transfer: stream.color_transfer ?? null,
    primaries: stream.color_primaries ?? null,
    matrix: stream.color_space ?? null,
    range: stream.color_range ?? null,
    bitrate: positive(stream.bit_rate) ?? (remainingBitrate && remainingBitrate > 0 ? remainingBitrate : null),
    startMs: milliseconds(stream.start_time) ?? 0,
    durationMs: durationOf(stream),
  };
}

const pixels = (s: RawStream) => (s.width ?? 0) * (s.height ?? 0);

const isDefault = (s: RawStream) => s.disposition?.default ?? 0;

/** Ranks by the first number that differs, then by stream order; a stream without a decoder is chosen only if alone. */
function best(streams: RawStream[], rankOf: (s: RawStream) => number[]): RawStream | undefined {
  const rank = (s: RawStream) => [s.codec_name ? 1 : 0, ...rankOf(s), -s.index];
  return streams.toSorted((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? 0 : right[at]! - left[at]!;
  })[0];
}

/** Headers give exact fractions, but may be wrong: the fraction is used if the timestamps agree with it. */
function frameRate(average: number, baseRate: string | undefined, measured: number | null) {
  const base = ratio(baseRate, '/', 0);
  const isConstant = base > 0 && Math.abs(base - (measured ?? average)) <= 0.01 * base;
  const fps = measured === null ? average : isConstant ? base : measured;
  return { fps, constantFps: isConstant ? baseRate! : null };
}

/** @param measured over the whole stream; null if it can't be measured */
export const withFrameRate = (video: VideoStream, measured: number | null): VideoStream => ({
  ...video,
  ...frameRate(video.fps, video.baseRate, measured),
});

/** ffprobe's angles are counter-clockwise, and beyond 360 for display matrices that are not a rotation. */
function rotationOf(stream: RawStream): Rotation {
  const angle = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  if (!(Math.abs(angle) <= 360)) return 0;
  return ((((Math.round(-angle / 90) * 90) % 360) + 360) % 360) as Rotation;
}

function ratio(text: string | undefined, separator: string, fallback: number): number {
  const [a, b] = (text ?? '').split(separator).map(Number);
  return a && b && a > 0 && b > 0 ? a / b : fallback;
}

function positive(text: string | undefined): number | null {
  const value = Number(text);
  return value > 0 ? value : null;
}

function milliseconds(secondsText: string | undefined): number | null {
  const value = positive(secondsText);
  return value === null ? null : Math.round(value * 1000);
}

const durationOf = ({ duration, tags }: RawStream) => milliseconds(duration ?? seconds(tags?.DURATION));

/** Matroska's format is `00:00:05.056000000`. */
function seconds(clock: string | undefined): string | undefined {
  const [, h, m, s] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(clock ?? '') ?? [];
  return s === undefined ? undefined : String(Number(h) * 3600 + Number(m) * 60 + Number(s));
}

import { resolve } from 'node:path';
import type { Context } from './context.js';
import { ProcessingFailure } from './failure.js';
import { ffmpeg, ffprobe, ffprobeLines, untrusted, type ProbeContext } from './ffmpeg.js';
import type { Format } from './formats.js';
import { sniff } from './sniff.js';
import { tagsOf, type Tags } from './tags.js';

export type Rotation = 0 | 90 | 180 | 270;

export type VideoStream = {
  index: number;
  codec: string;
  /** As stored, px. */
  width: number;
  height: number;
  /** As a viewer sees it: turned upright, with square pixels. */
  displayWidth: number;
  displayHeight: number;
  /** Clockwise degrees to turn the stored picture. */
  rotation: Rotation;
  /** Frames per second on average, 0 when unknown. */
  fps: number;
  /** The frame rate as a fraction when it is constant, e.g. `30000/1001`. */
  constantFps: string | null;
  pixFmt: string;
  /** Curve, primaries and matrix of its colours in ffprobe's words; null when it does not say. */
  transfer: string | null;
  primaries: string | null;
  matrix: string | null;
  /** bit/s */
  bitrate: number | null;
  durationMs: number | null;
};

export type AudioStream = {
  index: number;
  codec: string;
  channels: number;
  sampleRate: number;
  /** bit/s */
  bitrate: number | null;
  /** Where its first sample lies on the clock of the file. */
  startMs: number;
};

export type Probe = {
  format: Format;
  /** bytes */
  size: number;
  /** Where the clock of the file begins; a cut broadcast may begin after hours. */
  startMs: number;
  /** From the earliest start to the latest end of all streams. */
  durationMs: number | null;
  video: VideoStream | null;
  audio: AudioStream | null;
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

/**
 * What is in a sound or video file.
 * @throws {ProcessingFailure} `unsupported_codec` when it is neither, or as ffprobe fails
 */
export async function probe(path: string, ctx: ProbeContext): Promise<Probe> {
  const { format } = await sniff(path);
  if (!format?.demuxer) throw new ProcessingFailure('unsupported_codec', 'not a container of sound or video');
  return probeAs(format, path, ctx);
}

/** @throws {ProcessingFailure} */
export async function probeAs(format: Format, path: string, ctx: ProbeContext): Promise<Probe> {
  if (!format.demuxer) throw new TypeError(`${format.name} has no demuxer`);
  const show = ['-show_format', '-show_streams'];
  return describe(format, await ffprobe<RawProbe>(path, format.demuxer, show, ctx));
}

/** Whether something is still played after `ms`: asked of the packets, for headers may say anything. */
export async function playsBeyond(ms: number, path: string, found: Probe, ctx: ProbeContext): Promise<boolean> {
  const enough = new AbortController();
  const end = found.startMs + ms;
  const onLine = (line: string) => {
    if (Number.parseFloat(line) * 1000 > end) enough.abort(enough);
  };
  // From the last key frame before it, which may be far before, to the first packet behind it.
  const show = ['-read_intervals', `${end / 1000}%`, '-select_streams', `${mainStream(found)}`];
  const signal = AbortSignal.any([ctx.signal, enough.signal]);
  try {
    await ffprobeLines(
      path,
      found.format.demuxer!,
      [...show, '-show_entries', 'packet=pts_time'],
      { ...ctx, signal },
      onLine,
    );
    return false;
  } catch (error) {
    if (error === enough) return true;
    throw error;
  }
}

/** How long it plays, in ms: by reading every packet where the header does not know. @throws {ProcessingFailure} */
export async function lengthOf(path: string, found: Probe, cwd: string, ctx: Context): Promise<number> {
  if (found.durationMs !== null && !found.format.guessesDuration) return found.durationMs;
  const { outTimeMs } = await ffmpeg(
    {
      inputs: [untrusted(resolve(path), found.format.demuxer!)],
      outputs: [{ path: '-', options: ['-map', `0:${mainStream(found)}`, '-c', 'copy', '-f', 'null'] }],
    },
    { ...ctx, onProgress: undefined },
    { cwd },
  );
  return Math.round(found.video ? await endOf(path, found, outTimeMs, ctx) : outTimeMs);
}

/** Pictures lie in the order of decoding: the one shown last comes before others, which is where ffmpeg's clock stops. */
async function endOf(path: string, found: Probe, nearMs: number, ctx: Context): Promise<number> {
  let endMs = nearMs;
  const onLine = (line: string) => {
    const [at = NaN, duration = NaN] = line.split(',').map((seconds) => Number.parseFloat(seconds) * 1000);
    if (Number.isFinite(at)) endMs = Math.max(endMs, at + (duration || 0) - found.startMs);
  };
  const from = Math.max(0, found.startMs + nearMs - 2000) / 1000;
  const show = ['-read_intervals', `${from}%`, '-select_streams', `${mainStream(found)}`];
  const entries = ['-show_entries', 'packet=pts_time,duration_time'];
  await ffprobeLines(path, found.format.demuxer!, [...show, ...entries], ctx, onLine);
  return endMs;
}

const mainStream = ({ video, audio }: Probe): number => (video ?? audio)?.index ?? 0;

/** ffprobe's words in ours. */
export function describe(format: Format, raw: RawProbe): Probe {
  const isPicture = (s: RawStream) => s.disposition?.attached_pic === 1 || s.disposition?.timed_thumbnails === 1;
  const video = best(
    raw.streams.filter((s) => s.codec_type === 'video' && !isPicture(s)),
    pixels,
  );
  const audio = best(
    raw.streams.filter((s) => s.codec_type === 'audio'),
    (s) => s.channels ?? 0,
  );
  const cover = raw.streams.find((s) => s.codec_type === 'video' && s.disposition?.attached_pic === 1);
  const audioBitrate = positive(audio?.bit_rate);
  const total = positive(raw.format.bit_rate);
  return {
    format,
    size: Number(raw.format.size ?? 0),
    startMs: milliseconds(raw.format.start_time) ?? 0,
    durationMs: milliseconds(raw.format.duration),
    video: video ? describeVideo(video, total && total - (audioBitrate ?? 0)) : null,
    audio: audio
      ? {
          index: audio.index,
          codec: audio.codec_name ?? 'unknown',
          channels: audio.channels ?? 0,
          sampleRate: Number(audio.sample_rate ?? 0),
          bitrate: audioBitrate,
          startMs: milliseconds(audio.start_time) ?? 0,
        }
      : null,
    cover: cover ? { index: cover.index } : null,
    tags: tagsOf({ ...audio?.tags, ...raw.format.tags }),
    streams: raw.streams.length,
  };
}

function describeVideo(stream: RawStream, leftForVideo: number | null): VideoStream {
  const { width = 0, height = 0 } = stream;
  const rotation = rotationOf(stream);
  const shown = { width: Math.max(1, Math.round(width * ratio(stream.sample_aspect_ratio, ':', 1))), height };
  const turned = rotation === 90 || rotation === 270;
  const average = ratio(stream.avg_frame_rate, '/', 0);
  const base = ratio(stream.r_frame_rate, '/', 0);
  return {
    index: stream.index,
    codec: stream.codec_name ?? 'unknown',
    width,
    height,
    displayWidth: turned ? shown.height : shown.width,
    displayHeight: turned ? shown.width : shown.height,
    rotation,
    fps: average,
    constantFps: base > 0 && Math.abs(base - average) <= 0.01 * base ? stream.r_frame_rate! : null,
    pixFmt: stream.pix_fmt ?? 'unknown',
    transfer: stream.color_transfer ?? null,
    primaries: stream.color_primaries ?? null,
    matrix: stream.color_space ?? null,
    bitrate: positive(stream.bit_rate) ?? (leftForVideo && leftForVideo > 0 ? leftForVideo : null),
    durationMs: milliseconds(stream.duration ?? seconds(stream.tags?.DURATION)),
  };
}

const pixels = (s: RawStream) => (s.width ?? 0) * (s.height ?? 0);

/** The default stream as a player would choose it, then the largest, then the first; one without a decoder only if alone. */
function best(streams: RawStream[], size: (s: RawStream) => number): RawStream | undefined {
  const rank = (s: RawStream) => [s.codec_name ? 1 : 0, s.disposition?.default ?? 0, size(s), -s.index];
  return streams.toSorted((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? 0 : right[at]! - left[at]!;
  })[0];
}

/** ffprobe counts counter-clockwise, and gives angles beyond a turn for matrices that are no rotation. */
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

/** Matroska writes `00:00:05.056000000`. */
function seconds(clock: string | undefined): string | undefined {
  const [, h, m, s] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(clock ?? '') ?? [];
  return s === undefined ? undefined : String(Number(h) * 3600 + Number(m) * 60 + Number(s));
}

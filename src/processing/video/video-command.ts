import { dropMetadata, flags, untrusted, type Command } from '../run/ffmpeg.js';
import { downmix } from '../audio/audio-command.js';
import type { Copy } from './copyable.js';
import { colourFilters, tagBt709 } from '../image/colour.js';
import { hlsOptions } from './hls-options.js';
import type { AudioStream, Probe } from '../run/streams.js';
import type { Rung } from './video-ladder.js';

/** Interval of key frames, the same in every rung, so that players can switch between rungs. */
export const gopSeconds = 2;
/** Seconds. Beside a copied rung key frames are where it has them: this maximum only has to be longer. */
const maxCopyGopSeconds = 60;
/** Pictures from decoding to presentation, with x264's default B-frames. */
const maxReorderedPictures = 2;
const audioRate = 48_000;

const maxFps = 60;
/** A variable frame rate is rounded up to one of these. */
const standardRates = ['1', '2', '5', '10', '15', '20', '24', '25', '30', '50', '60'];

/** The constant frame rate of the rungs, as ffmpeg's fraction: the source's if it has one, at most 60. */
export function targetRate({ fps, constantFps }: { fps: number; constantFps: string | null }): string {
  if (constantFps && fps <= maxFps * 1.001) return constantFps;
  // A whole divisor keeps motion smooth: 120 becomes 60, 90 becomes 45.
  if (constantFps) return String(Math.round((fps / Math.ceil(fps / maxFps)) * 1000) / 1000);
  return standardRates.find((rate) => Number(rate) >= fps * 0.999 && fps > 0) ?? (fps > 0 ? String(maxFps) : '25');
}

export const rateOf = (fraction: string): number => {
  const [a = 0, b = 1] = fraction.split('/').map(Number);
  return a / b;
};

export type Source = Probe & { video: NonNullable<Probe['video']> };

/** An HLS stream with sound only. */
export type PlannedSound = { name: string; stream: AudioStream; /** bit/s */ bitrate: number };

/** What one run of ffmpeg makes, with one decode. */
export type Stage = {
  rungs: Rung[];
  sounds: PlannedSound[];
};

/**
 * One process and one decode for all rungs and sound tracks, each a fragmented MP4 with an HLS playlist. All rungs
 * share frames, key frames and segment borders: those of the copied rung, if there is one.
 */
export function videoCommand(
  input: string,
  source: Source,
  stage: Stage,
  threads: number,
  copy?: Copy | null,
): Command {
  const { rungs, sounds } = stage;
  const firstSound = source.audio ? rungs.length : 0;
  const streams = [
    ...rungs.map(({ name }, i) => [`v:${i}`, ...(source.audio ? [`a:${i}`] : []), `name:${name}`].join()),
    ...sounds.map(({ name }, i) => `a:${firstSound + i},name:${name}`),
  ];
  const soundBitrates = [
    ...(source.audio ? rungs.map((rung) => rung.audioBitrate) : []),
    ...sounds.map((s) => s.bitrate),
  ];
  const hls = {
    path: '%v.m3u8',
    options: [
      ...rungs.flatMap((_, i) => ['-map', `[v${i}]`, ...(source.audio ? ['-map', `[a${i}]`] : [])]),
      ...sounds.flatMap((_, i) => ['-map', `[t${i}]`]),
      ...rungs.flatMap((rung, i) => videoOptions(rung, i, source.durationMs)),
      ...(rungs.length ? encoderOptions(source, threads, copy) : []),
      ...keyFrames(source, rungs, copy),
      ...(soundBitrates.length ? aacOptions : []),
      ...soundBitrates.flatMap((rate, i) => flags({ [`b:a:${i}`]: rate })),
      ...(source.durationMs ? flags({ t: seconds(source.durationMs) }) : []),
      ...dropMetadata,
      ...hlsOptions(streams, rungs.length ? reorderSeconds(source, copy) : 0),
    ],
  };
  const hasSound = source.audio !== null;
  return {
    inputs: inputsOf(input, source, flags({ threads })),
    filters: [
      ...(rungs.length ? [pictureFilters(source, rungs)] : []),
      ...(hasSound ? [soundFilters(source, stage)] : []),
    ],
    outputs: [hls],
  };
}

export const aacOptions = flags({ 'c:a': 'aac', ar: audioRate, ac: 2 });

/** Demuxers of formats whose clock may jump. ffmpeg corrects that for all tracks of an input together. */
const discontinuous = new Set(['mpegts', 'mpeg', 'ogg', 'flv', 'asf']);
/** The input of `inputsOf` from which sound is read. */
export const soundInput = ({ format }: Source) => (discontinuous.has(format.demuxer!) ? 0 : 1);

/**
 * Sound has its own input: sound and pictures may be far apart in the file, or sound may end early, which a single
 * input would only notice at the end of the file. Until then it would have to buffer all pictures.
 */
export function inputsOf(input: string, source: Source, options: string[] = []): Command['inputs'] {
  const reader = untrusted(input, source.format.demuxer!, options);
  return source.audio && soundInput(source) > 0 ? [reader, reader] : [reader];
}

/** ffmpeg itself rotates pictures, before the first filter. */
function pictureFilters({ video, durationMs }: Source, rungs: Rung[]): string {
  const rate = targetRate(video);
  const missing = durationMs && video.durationMs ? durationMs - video.durationMs : 0;
  // Sound may continue after the last picture, which is then held.
  const hold = missing > 1000 / rateOf(rate) ? [`tpad=stop_mode=clone:stop_duration=${seconds(missing)}`] : [];
  const largest = rungs.at(-1)!;
  const colours = colourFilters(video, fit(largest.width, largest.height));
  // A single picture may have no duration, and would be dropped by rounding.
  const onlyOne = video.fps > 0 ? '' : ':eof_action=pass';
  const shared = [`fps=fps=${rate}:start_time=0${onlyOne}`, ...hold, ...colours].join();
  return `[0:${video.index}]${shared},${cascade(rungs)}`;
}

function soundFilters(source: Source, { rungs, sounds }: Stage): string {
  const { audio } = source;
  const read = (stream: AudioStream) => `[${soundInput(source)}:${stream.index}]${paddedSound(source, stream)}`;
  const main = [
    ...(audio ? rungs.map((_, i) => `[a${i}]`) : []),
    ...sounds.flatMap(({ stream }, i) => (stream.index === audio?.index ? [`[t${i}]`] : [])),
  ];
  return [
    ...(audio && main.length ? [`${read(audio)},asplit=${main.length}${main.join('')}`] : []),
    ...sounds.flatMap(({ stream }, i) => (stream.index === audio?.index ? [] : [`${read(stream)}[t${i}]`])),
  ].join(';');
}

/** Fills missing sound, also at start and end, with silence: it stays in sync, and lasts as long as the video. */
export const paddedSound = ({ durationMs }: Source, stream: AudioStream): string =>
  [
    'aresample=async=1:first_pts=0',
    ...(durationMs ? [`apad=whole_dur=${seconds(durationMs)}`] : []),
    downmix(stream, 'stereo'),
  ].join();

/**
 * Scales each rung from the next larger one, so the full picture is read only once. The loss from scaling in steps is
 * measurable, but not visible.
 */
function cascade(rungs: Rung[]): string {
  const steps = rungs.map(({ width, height }, i) => {
    const from = i + 1 < rungs.length ? `[c${i}]` : '';
    const picture = `${from}${scale(width, height)},format=yuv420p,${tagBt709}`;
    return i === 0 ? `${picture}[v0]` : `${picture},split=2[v${i}][c${i - 1}]`;
  });
  return steps.toReversed().join(';');
}

export const fit = (width: number, height: number) => `scale=${width}:${height}:flags=bicubic,setsar=1`;
export const scale = (width: number, height: number) =>
  `scale=${width}:${height}:flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1`;

/**
 * Constant quality up to the rung's bit rate. The decoder's buffer of one second starts nearly full, so without the
 * factor, a short video would exceed its rate by that.
 */
function videoOptions({ maxBitrate }: Rung, i: number, durationMs: number | null): string[] {
  const rate = Math.ceil(maxBitrate * (durationMs ? durationMs / (durationMs + 900) : 1));
  return flags({ [`maxrate:v:${i}`]: rate, [`bufsize:v:${i}`]: rate });
}

/** Maximum interval of key frames, in pictures. */
const gopOf = (video: Source['video'], copy?: Copy | null) =>
  Math.ceil((copy ? maxCopyGopSeconds : gopSeconds) * rateOf(targetRate(video)));

/** A short interval of key frames limits the B-frames of x264. */
const reorderSeconds = ({ video }: Source, copy?: Copy | null) =>
  Math.min(maxReorderedPictures, gopOf(video, copy) - 1) / rateOf(targetRate(video));

const encoderOptions = ({ video }: Source, threads: number, copy?: Copy | null) =>
  flags({
    'c:v': 'libx264',
    preset: 'veryfast',
    'profile:v': 'high',
    crf: 23,
    pix_fmt: 'yuv420p',
    'threads:v': threads,
    fps_mode: 'passthrough',
    g: gopOf(video, copy),
    'flags:v': '+cgop',
    sc_threshold: 0,
  });

/** Repeated for each stream: ffmpeg modifies a shared list while it reads it for the first one. */
function keyFrames({ video }: Source, rungs: Rung[], copy?: Copy | null): string[] {
  // Slightly before the picture, so that rounding cannot move the key frame to the next one.
  const marginSeconds = 0.4 / rateOf(targetRate(video));
  const times = copy
    ? copy.keyTimes.map((at) => Math.max(0, at - marginSeconds).toFixed(3)).join()
    : `expr:gte(t,n_forced*${gopSeconds})`;
  return rungs.flatMap((_, i) => flags({ [`force_key_frames:v:${i}`]: times }));
}

export const seconds = (ms: number) => (ms / 1000).toFixed(3);

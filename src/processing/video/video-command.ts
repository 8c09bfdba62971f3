import { dropMetadata, flags, untrusted, type Command } from '../run/ffmpeg.js';
import { downmix } from '../audio/audio-command.js';
import type { Copy } from './copyable.js';
import { colourFilters, tagBt709 } from '../image/colour.js';
import { hlsOptions } from './hls-options.js';
import type { AudioStream, Probe } from '../run/streams.js';
import type { Rung } from './video-ladder.js';

/** Key frames stand this far apart in every rung, so that players can change between rungs there. */
export const gopSeconds = 2;
/** Beside a copied rung key frames stand where it has them, and nowhere else. */
const longestGop = 60;
/** Pictures by which x264 decodes ahead of showing, with the B-frames that it makes by default. */
const reordered = 2;
const audioRate = 48_000;

const fastest = 60;
/** What a variable frame rate is rounded up to. */
const rates = ['1', '2', '5', '10', '15', '20', '24', '25', '30', '50', '60'];

/** A constant frame rate, as ffmpeg's fraction: the source's own when it has one, never more than 60. */
export function targetRate({ fps, constantFps }: { fps: number; constantFps: string | null }): string {
  if (constantFps && fps <= fastest * 1.001) return constantFps;
  // Half of what is too fast keeps motion even: 120 becomes 60, 90 becomes 45.
  if (constantFps) return String(Math.round((fps / Math.ceil(fps / fastest)) * 1000) / 1000);
  return rates.find((rate) => Number(rate) >= fps * 0.999 && fps > 0) ?? (fps > 0 ? String(fastest) : '25');
}

export const rateOf = (fraction: string): number => {
  const [a = 0, b = 1] = fraction.split('/').map(Number);
  return a / b;
};

export type Source = Probe & { video: NonNullable<Probe['video']> };

/** One HLS stream without pictures. */
export type PlannedSound = { name: string; stream: AudioStream; /** bit/s */ bitrate: number };

/** What one run of ffmpeg makes, out of one decode. */
export type Stage = {
  rungs: Rung[];
  sounds: PlannedSound[];
};

/**
 * One process, one decode: every rung as fragmented MP4 with its own HLS playlist, and sound alone. All rungs share
 * frames, key frames and segment borders; with a rung that is copied, that one's.
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
  const rates = [...(source.audio ? rungs.map((rung) => rung.audioBitrate) : []), ...sounds.map((s) => s.bitrate)];
  const hls = {
    path: '%v.m3u8',
    options: [
      ...rungs.flatMap((_, i) => ['-map', `[v${i}]`, ...(source.audio ? ['-map', `[a${i}]`] : [])]),
      ...sounds.flatMap((_, i) => ['-map', `[t${i}]`]),
      ...rungs.flatMap((rung, i) => videoOptions(rung, i, source.durationMs)),
      ...(rungs.length ? everyRung(source, threads, copy) : []),
      ...keyFrames(source, rungs, copy),
      ...(rates.length ? encodedSound : []),
      ...rates.flatMap((rate, i) => flags({ [`b:a:${i}`]: rate })),
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

export const encodedSound = flags({ 'c:a': 'aac', ar: audioRate, ac: 2 });

/** Demuxers of formats whose clock may jump. ffmpeg mends that, by all the tracks that it reads together. */
const jumping = new Set(['mpegts', 'mpeg', 'ogg', 'flv', 'asf']);
/** Which input of `inputsOf` sound is read from. */
export const soundInput = ({ format }: Source) => (jumping.has(format.demuxer!) ? 0 : 1);

/**
 * Sound has a reader of its own: pictures and sound may lie far apart in the file, or sound may end early, which one
 * reader finds out at the end of the file only. Until then all pictures would have to be kept.
 */
export function inputsOf(input: string, source: Source, options: string[] = []): Command['inputs'] {
  const reader = untrusted(input, source.format.demuxer!, options);
  return source.audio && soundInput(source) > 0 ? [reader, reader] : [reader];
}

/** Rotation is ffmpeg's own doing: it puts a transpose in front of the first filter. */
function pictureFilters({ video, durationMs }: Source, rungs: Rung[]): string {
  const rate = targetRate(video);
  const missing = durationMs && video.durationMs ? durationMs - video.durationMs : 0;
  // Sound may go on after the last picture: that picture stays.
  const hold = missing > 1000 / rateOf(rate) ? [`tpad=stop_mode=clone:stop_duration=${seconds(missing)}`] : [];
  const largest = rungs.at(-1)!;
  const colours = colourFilters(video, fit(largest.width, largest.height));
  // A picture that is the only one may have no length, and would be rounded away.
  const onlyOne = video.fps > 0 ? '' : ':eof_action=pass';
  const shared = [`fps=fps=${rate}:start_time=0${onlyOne}`, ...hold, ...colours].join();
  return `[0:${video.index}]${shared},${cascade(rungs)}`;
}

function soundFilters(source: Source, { rungs, sounds }: Stage): string {
  const { audio } = source;
  const read = (stream: AudioStream) => `[${soundInput(source)}:${stream.index}]${evenSound(source, stream)}`;
  const main = [
    ...(audio ? rungs.map((_, i) => `[a${i}]`) : []),
    ...sounds.flatMap(({ stream }, i) => (stream.index === audio?.index ? [`[t${i}]`] : [])),
  ];
  return [
    ...(audio && main.length ? [`${read(audio)},asplit=${main.length}${main.join('')}`] : []),
    ...sounds.flatMap(({ stream }, i) => (stream.index === audio?.index ? [] : [`${read(stream)}[t${i}]`])),
  ].join(';');
}

/** What is missing of sound, in it or at either end, becomes silence: it stays with the picture, and lasts as long. */
export const evenSound = ({ durationMs }: Source, stream: AudioStream): string =>
  [
    'aresample=async=1:first_pts=0',
    ...(durationMs ? [`apad=whole_dur=${seconds(durationMs)}`] : []),
    downmix(stream, 'stereo'),
  ].join();

/**
 * Each rung is scaled from the next larger one, so the full picture is read once: what is lost by scaling in steps can
 * be measured, but not seen.
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
 * Constant quality, as long as it stays below the rung's rate. The decoder's buffer of one second starts nearly full,
 * which a short video would otherwise spend on top of its rate.
 */
function videoOptions({ maxBitrate }: Rung, i: number, durationMs: number | null): string[] {
  const rate = Math.ceil(maxBitrate * (durationMs ? durationMs / (durationMs + 900) : 1));
  return flags({ [`maxrate:v:${i}`]: rate, [`bufsize:v:${i}`]: rate });
}

/** Pictures. */
const gopOf = (video: Source['video'], copy?: Copy | null) =>
  Math.ceil((copy ? longestGop : gopSeconds) * rateOf(targetRate(video)));

/** x264 makes fewer B-frames than pictures lie between two key frames. */
const reorderSeconds = ({ video }: Source, copy?: Copy | null) =>
  Math.min(reordered, gopOf(video, copy) - 1) / rateOf(targetRate(video));

const everyRung = ({ video }: Source, threads: number, copy?: Copy | null) =>
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

/** Given to each stream by its number: ffmpeg cuts a list to pieces while it reads it for the first. */
function keyFrames({ video }: Source, rungs: Rung[], copy?: Copy | null): string[] {
  const halfFrame = 0.4 / rateOf(targetRate(video));
  const places = copy
    ? copy.keyTimes.map((at) => Math.max(0, at - halfFrame).toFixed(3)).join()
    : `expr:gte(t,n_forced*${gopSeconds})`;
  return rungs.flatMap((_, i) => flags({ [`force_key_frames:v:${i}`]: places }));
}

export const seconds = (ms: number) => (ms / 1000).toFixed(3);

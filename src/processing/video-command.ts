import { bare, flags, untrusted, type Command } from './ffmpeg.js';
import { twoChannels } from './audio-command.js';
import type { Copy } from './copyable.js';
import { isWide, narrow, presumed, tagged } from './colour.js';
import { hlsOptions } from './hls-options.js';
import { sheetPattern, storyboardFilters, type StoryboardPlan } from './storyboard.js';
import type { AudioStream, Probe } from './streams.js';
import type { Rung } from './video-ladder.js';

/** Key frames stand this far apart in every rung, so that players can change between rungs there. */
const gopSeconds = 2;
/** Beside a copied rung key frames stand where it has them, and nowhere else. */
const longestGop = 60;
export const posterCandidates = 6;
export const posterPattern = 'poster-%d.png';
/** Read once and thrown away: packing it well costs more than it saves. */
export const posterFormat = { f: 'image2', compression_level: 1, pred: 'none' };
export const audioRate = 48_000;
/** The largest picture size there is, px. */
export const posterSide = 2048;

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
export type SoundTrack = { name: string; stream: AudioStream; /** bit/s */ bitrate: number };

/** What one run of ffmpeg makes, out of one decode. */
export type Stage = {
  rungs: Rung[];
  sounds: SoundTrack[];
  poster: boolean;
  storyboard: StoryboardPlan | null;
};

/**
 * One process, one decode: every rung as fragmented MP4 with its own HLS playlist, sound alone, candidates for the
 * poster, sheets of the storyboard. All rungs share frames, key frames and segment borders; with a rung that is copied,
 * that one's.
 */
export function videoCommand(
  input: string,
  source: Source,
  stage: Stage,
  threads: number,
  copy?: Copy | null,
): Command {
  const { rungs, sounds, poster, storyboard } = stage;
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
      ...(rates.length ? flags({ 'c:a': 'aac', ar: audioRate, ac: 2 }) : []),
      ...rates.flatMap((rate, i) => flags({ [`b:a:${i}`]: rate })),
      ...(source.durationMs ? flags({ t: seconds(source.durationMs) }) : []),
      ...(copy ? flags({ output_ts_offset: copy.offset.toFixed(6) }) : []),
      ...bare,
      ...hlsOptions(streams),
    ],
  };
  return {
    inputs: [untrusted(input, source.format.demuxer!, flags({ threads }))],
    filter: filters(source, stage),
    outputs: [
      ...(streams.length ? [hls] : []),
      ...(poster ? [posterOutput] : []),
      ...(storyboard ? [storyboardOutput] : []),
    ],
  };
}

const posterOutput = {
  path: posterPattern,
  options: flags({ map: '[poster]', 'frames:v': posterCandidates, fps_mode: 'passthrough', ...posterFormat }),
};
const storyboardOutput = {
  path: sheetPattern,
  options: [
    ...flags({ map: '[storyboard]', fps_mode: 'passthrough', 'q:v': 5, f: 'image2' }),
    ...['-fflags', '+bitexact', '-flags:v', '+bitexact'],
  ],
};

/** Rotation is ffmpeg's own doing: it puts a transpose in front of the first filter. */
function filters(source: Source, { rungs, sounds, poster, storyboard }: Stage): string {
  const { video, audio, durationMs } = source;
  const rate = targetRate(video);
  const missing = durationMs && video.durationMs ? durationMs - video.durationMs : 0;
  // Sound may go on after the last picture: that picture stays.
  const hold = missing > 1000 / rateOf(rate) ? [`tpad=stop_mode=clone:stop_duration=${seconds(missing)}`] : [];
  const step = seconds(Math.max(1, (durationMs ?? 60_000) / posterCandidates));
  const largest = rungs.at(-1) ?? { width: storyboard?.width ?? 2, height: storyboard?.height ?? 2 };
  const colours = isWide(video) ? [fit(largest.width, largest.height), narrow(video)] : presumed(video);
  const pictures = [
    ...(rungs.length ? [cascade(rungs)] : []),
    ...(poster
      ? [
          `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${step})',` +
            `${scale(...posterSize(video))},format=rgb24[poster]`,
        ]
      : []),
    ...(storyboard ? [`${storyboardFilters(storyboard)}[storyboard]`] : []),
  ];
  const shared = [`fps=fps=${rate}:start_time=0`, ...hold, ...colours, `split=${pictures.length}`].join();
  // Gaps in sound become silence, so that it stays with the picture.
  const even = (stream: AudioStream) =>
    `[0:${stream.index}]aresample=async=1:first_pts=0,${twoChannels(stream, 'stereo')}`;
  const main = [
    ...(audio ? rungs.map((_, i) => `[a${i}]`) : []),
    ...sounds.flatMap(({ stream }, i) => (stream.index === audio?.index ? [`[t${i}]`] : [])),
  ];
  return [
    ...(pictures.length ? [`[0:${video.index}]${shared}${pictures.map((_, i) => `[s${i}]`).join('')}`] : []),
    ...pictures.map((chain, i) => `[s${i}]${chain}`),
    ...(audio && main.length ? [`${even(audio)},asplit=${main.length}${main.join('')}`] : []),
    ...sounds.flatMap(({ stream }, i) => (stream.index === audio?.index ? [] : [`${even(stream)}[t${i}]`])),
  ].join(';');
}

/**
 * Each rung is scaled from the next larger one, so the full picture is read once: what is lost by scaling in steps can
 * be measured, but not seen.
 */
function cascade(rungs: Rung[]): string {
  const steps = rungs.map(({ width, height }, i) => {
    const from = i + 1 < rungs.length ? `[c${i}]` : '';
    const picture = `${from}${scale(width, height)},format=yuv420p,${tagged}`;
    return i === 0 ? `${picture}[v0]` : `${picture},split=2[v${i}][c${i - 1}]`;
  });
  return steps.toReversed().join(';');
}

export const fit = (width: number, height: number) => `scale=${width}:${height}:flags=bicubic,setsar=1`;
export const scale = (width: number, height: number) =>
  `scale=${width}:${height}:flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1`;

export function posterSize({ displayWidth, displayHeight }: Source['video'], side = posterSide): [number, number] {
  const factor = Math.min(1, side / Math.max(displayWidth, displayHeight));
  return [Math.max(1, Math.round(displayWidth * factor)), Math.max(1, Math.round(displayHeight * factor))];
}

/**
 * Constant quality, as long as it stays below the rung's rate. The decoder's buffer of one second starts nearly full,
 * which a short video would otherwise spend on top of its rate.
 */
function videoOptions({ maxBitrate }: Rung, i: number, durationMs: number | null): string[] {
  const rate = Math.ceil(maxBitrate * (durationMs ? durationMs / (durationMs + 900) : 1));
  return flags({ [`maxrate:v:${i}`]: rate, [`bufsize:v:${i}`]: rate });
}

const everyRung = ({ video }: Source, threads: number, copy?: Copy | null) =>
  flags({
    'c:v': 'libx264',
    preset: 'veryfast',
    'profile:v': 'high',
    crf: 23,
    pix_fmt: 'yuv420p',
    'threads:v': threads,
    fps_mode: 'passthrough',
    g: Math.ceil((copy ? longestGop : gopSeconds) * rateOf(targetRate(video))),
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

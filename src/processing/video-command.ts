import { bare, flags, untrusted, type Command } from './ffmpeg.js';
import { twoChannels } from './audio-command.js';
import { isWide, narrow, presumed, tagged } from './colour.js';
import { hlsOptions } from './hls-options.js';
import type { Probe } from './probe.js';
import type { Rung } from './video-ladder.js';

/** Key frames stand this far apart in every rung, so that players can change between rungs there. */
const gopSeconds = 2;
export const posterCandidates = 6;
export const posterPattern = 'poster-%d.png';
const audioRate = 48_000;
/** The largest picture size there is, px. */
const posterSide = 2048;

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

/**
 * One process, one decode: every rung as fragmented MP4 with its own HLS playlist, and a few candidates for the poster.
 * All rungs share frames, key frames and segment borders.
 */
export function videoCommand(input: string, source: Source, rungs: Rung[], threads: number): Command {
  return {
    inputs: [untrusted(input, source.format.demuxer!, flags({ threads }))],
    filter: filters(source, rungs),
    outputs: [
      {
        path: '%v.m3u8',
        options: [
          ...rungs.flatMap((_, i) => ['-map', `[v${i}]`, ...(source.audio ? ['-map', `[a${i}]`] : [])]),
          ...rungs.flatMap((rung, i) => videoOptions(rung, i, source.durationMs)),
          ...everyRung(source, threads),
          ...(source.audio ? rungs.flatMap((rung, i) => flags({ [`b:a:${i}`]: rung.audioBitrate })) : []),
          ...(source.audio ? flags({ 'c:a': 'aac', ar: audioRate, ac: 2 }) : []),
          ...(source.durationMs ? flags({ t: seconds(source.durationMs) }) : []),
          ...bare,
          ...hlsOptions(
            rungs.map(({ name }, i) => [`v:${i}`, ...(source.audio ? [`a:${i}`] : []), `name:${name}`].join()),
          ),
        ],
      },
      {
        path: posterPattern,
        options: flags({ map: '[poster]', 'frames:v': posterCandidates, fps_mode: 'passthrough', f: 'image2' }),
      },
    ],
  };
}

/** Rotation is ffmpeg's own doing: it puts a transpose in front of the first filter. */
function filters(source: Source, rungs: Rung[]): string {
  const { video, audio, durationMs } = source;
  const rate = targetRate(video);
  const missing = durationMs && video.durationMs ? durationMs - video.durationMs : 0;
  // Sound may go on after the last picture: that picture stays.
  const hold = missing > 1000 / rateOf(rate) ? [`tpad=stop_mode=clone:stop_duration=${seconds(missing)}`] : [];
  const step = seconds(Math.max(1, (durationMs ?? 60_000) / posterCandidates));
  const largest = rungs.at(-1)!;
  const colours = isWide(video) ? [fit(largest.width, largest.height), narrow(video)] : presumed(video);
  const chains = [
    [`[0:${video.index}]fps=fps=${rate}:start_time=0`, ...hold, ...colours, `split=${rungs.length + 1}`].join(',') +
      `${rungs.map((_, i) => `[s${i}]`).join('')}[sp]`,
    ...rungs.map(({ width, height }, i) => `[s${i}]${scale(width, height)},format=yuv420p,${tagged}[v${i}]`),
    `[sp]select='isnan(prev_selected_t)+gte(t-prev_selected_t,${step})',` +
      `${scale(...posterSize(video))},format=rgb24[poster]`,
  ];
  if (!audio) return chains.join(';');
  // Gaps in sound become silence, so that it stays with the picture.
  const sound = `[0:${audio.index}]aresample=async=1:first_pts=0,${twoChannels(audio, 'stereo')}`;
  return [...chains, `${sound},asplit=${rungs.length}${rungs.map((_, i) => `[a${i}]`).join('')}`].join(';');
}

const fit = (width: number, height: number) => `scale=${width}:${height}:flags=bicubic,setsar=1`;
const scale = (width: number, height: number) =>
  `scale=${width}:${height}:flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1`;

function posterSize({ displayWidth, displayHeight }: Source['video']): [number, number] {
  const factor = Math.min(1, posterSide / Math.max(displayWidth, displayHeight));
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

const everyRung = ({ video }: Source, threads: number) =>
  flags({
    'c:v': 'libx264',
    preset: 'veryfast',
    'profile:v': 'high',
    crf: 23,
    pix_fmt: 'yuv420p',
    'threads:v': threads,
    fps_mode: 'passthrough',
    g: Math.ceil(gopSeconds * rateOf(targetRate(video))),
    'flags:v': '+cgop',
    sc_threshold: 0,
    force_key_frames: `expr:gte(t,n_forced*${gopSeconds})`,
  });

const seconds = (ms: number) => (ms / 1000).toFixed(3);

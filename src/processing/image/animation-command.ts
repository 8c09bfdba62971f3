import { tagBt709 } from './colour.js';
import { dropMetadata, flags, untrusted, type Command } from '../run/ffmpeg.js';

/** Raw RGB frames in one file. Sizes in px, both even; delays in ms. */
export type Frames = { width: number; height: number; delays: number[] };

/** ms. Browsers replace delays up to `ignoredDelay` by `defaultDelay`. */
const [ignoredDelay, defaultDelay] = [10, 100];

/** The delay of a frame as browsers play it, ms. */
export const playedDelay = (delay: number | undefined): number =>
  delay && delay > ignoredDelay ? delay : defaultDelay;

/**
 * An ffmpeg expression for the timestamp of frame N, in ms: linear, with one more term for each change of the delay, of
 * which most animations have none. Also valid for one frame more, which repeats the last one to mark the end.
 */
export function timestampExpression(delays: number[]): string {
  const terms = delays.flatMap((delay, i) => {
    const change = delay - (delays[i - 1] ?? 0);
    if (!change) return [];
    return [i ? `max(0,N-${i})*(${change})` : `N*${change}`];
  });
  return terms.join('+');
}

/** A video that plays like the animation: each frame once, for its own delay; playable while it downloads. */
export function loopCommand(input: string, output: string, { width, height, delays }: Frames): Command {
  const source = flags({ pixel_format: 'rgb24', video_size: `${width}x${height}`, framerate: 1000 });
  const colours = `scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,${tagBt709}`;
  return {
    inputs: [untrusted(input, 'rawvideo', source)],
    filters: [`[0:0]setpts='${timestampExpression(delays)}',setsar=1,${colours}[v]`],
    outputs: [
      {
        path: output,
        options: [
          ...flags({ map: '[v]', 'c:v': 'libx264', preset: 'veryfast', 'profile:v': 'high', crf: 23 }),
          // x264 would choose the level by the time base, in which each millisecond could be a frame.
          // No B-frames: with them, the last packet would not be the frame that marks the end.
          ...flags({
            bf: 0,
            'level:v': '3.1',
            fps_mode: 'passthrough',
            enc_time_base: '1/1000',
            video_track_timescale: 1000,
          }),
          ...dropMetadata,
          ...flags({ movflags: '+faststart', f: 'mp4' }),
        ],
      },
    ],
  };
}

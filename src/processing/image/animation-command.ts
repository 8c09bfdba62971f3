import { tagged } from './colour.js';
import { dropMetadata, flags, untrusted, type Command } from '../run/ffmpeg.js';

/** Frames as plain RGB one behind the other. Sizes in px, both even; how long each is shown in ms. */
export type Frames = { width: number; height: number; delays: number[] };

const shortest = 10;
/** Browsers show what is to be shown no longer than 10 ms for so long. */
const instead = 100;

/** What an animation says of its frames, as browsers play it. */
export const shownFor = (delay: number | undefined): number => (delay && delay > shortest ? delay : instead);

/**
 * When frame N is shown, in ms, as an expression of ffmpeg: a straight line that bends wherever the delay changes, for
 * most animations never does. The frame behind the last is the last one again: it marks the end.
 */
export function timeline(delays: number[]): string {
  const bent = delays.flatMap((delay, i) => {
    const change = delay - (delays[i - 1] ?? 0);
    if (!change) return [];
    return [i ? `max(0,N-${i})*(${change})` : `N*${change}`];
  });
  return bent.join('+');
}

/** A video that plays like the animation: every frame once, for its own time, ready to play from its first bytes. */
export function loopCommand(input: string, output: string, { width, height, delays }: Frames): Command {
  const source = flags({ pixel_format: 'rgb24', video_size: `${width}x${height}`, framerate: 1000 });
  const colours = `scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,${tagged}`;
  return {
    inputs: [untrusted(input, 'rawvideo', source)],
    filters: [`[0:0]setpts='${timeline(delays)}',setsar=1,${colours}[v]`],
    outputs: [
      {
        path: output,
        options: [
          ...flags({ map: '[v]', 'c:v': 'libx264', preset: 'veryfast', 'profile:v': 'high', crf: 23 }),
          // The clock counts milliseconds, which is not the rate of frames that a level is chosen by.
          // Without frames out of order, of which the last would not be the one that ends it.
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

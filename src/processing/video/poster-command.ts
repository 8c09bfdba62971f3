import { colourFilters } from '../image/colour.js';
import { flags, untrusted, type Command } from '../run/ffmpeg.js';
import { fit, scale, seconds, type Source } from './video-command.js';

export const posterCandidates = 6;
/** px, of the larger side: the largest picture size. */
export const posterSide = 2048;

const posterPattern = 'poster-%d.png';
/** A temporary file: better compression would cost more than it saves. */
const posterFormat = { f: 'image2', compression_level: 1, pred: 'none' };

/** Writes the filter graph's `[poster]`. */
export const posterOutput: Command['outputs'][number] = {
  path: posterPattern,
  options: flags({ map: '[poster]', 'frames:v': posterCandidates, fps_mode: 'passthrough', ...posterFormat }),
};

/** Times of the candidates for the poster, ms. */
export const posterTimes = (durationMs: number): number[] =>
  Array.from({ length: posterCandidates }, (_, i) => (durationMs * i) / posterCandidates);

/**
 * Extracts pictures at some times without reading what is between: each is decoded from the key frame before it. Writes
 * the files that `bestPoster` reads, counted from 1.
 * @param times ms
 * @param maxSide px
 */
export function posterCommand(
  input: string,
  source: Source,
  times: number[],
  maxSide: number,
  threads: number,
): Command {
  const { video, format } = source;
  const [width, height] = posterSize(video, maxSide);
  const even = (px: number) => Math.ceil(px / 2) * 2;
  const colours = colourFilters(video, fit(even(width), even(height)));
  const picture = [...colours, scale(width, height), 'format=rgb24'].join();
  return {
    inputs: times.map((ms) =>
      untrusted(input, format.demuxer!, [...flags({ threads }), ...(ms ? flags({ ss: seconds(ms) }) : [])]),
    ),
    filters: [times.map((_, i) => `[${i}:${video.index}]${picture}[p${i}]`).join(';')],
    outputs: times.map((_, i) => ({
      path: posterPattern.replace('%d', String(i + 1)),
      options: flags({ map: `[p${i}]`, 'frames:v': 1, update: 1, ...posterFormat }),
    })),
  };
}

function posterSize({ displayWidth, displayHeight }: Source['video'], maxSide: number): [number, number] {
  const factor = Math.min(1, maxSide / Math.max(displayWidth, displayHeight));
  return [Math.max(1, Math.round(displayWidth * factor)), Math.max(1, Math.round(displayHeight * factor))];
}

import { colourFilters } from '../image/colour.js';
import { flags, untrusted, type Command } from '../run/ffmpeg.js';
import { fit, scale, seconds, type Source } from './video-command.js';

export const posterCandidates = 6;
/** The largest picture size there is, px. */
export const posterSide = 2048;

const posterPattern = 'poster-%d.png';
/** Read once and thrown away: packing it well costs more than it saves. */
const posterFormat = { f: 'image2', compression_level: 1, pred: 'none' };

/** Draws the label `[poster]` of a filter graph. */
export const posterOutput: Command['outputs'][number] = {
  path: posterPattern,
  options: flags({ map: '[poster]', 'frames:v': posterCandidates, fps_mode: 'passthrough', ...posterFormat }),
};

/** Where the candidates for the poster stand, ms. */
export const posterPlaces = (durationMs: number): number[] =>
  Array.from({ length: posterCandidates }, (_, i) => (durationMs * i) / posterCandidates);

/**
 * Pictures from some places, without reading what lies between: each from the key frame before it. Files as
 * `bestPoster` reads them, counted from 1.
 * @param side px that they shall not pass
 */
export function posterCommand(input: string, source: Source, places: number[], side: number, threads: number): Command {
  const { video, format } = source;
  const [width, height] = posterSize(video, side);
  const even = (px: number) => Math.ceil(px / 2) * 2;
  const colours = colourFilters(video, fit(even(width), even(height)));
  const picture = [...colours, scale(width, height), 'format=rgb24'].join();
  return {
    inputs: places.map((ms) =>
      untrusted(input, format.demuxer!, [...flags({ threads }), ...(ms ? flags({ ss: seconds(ms) }) : [])]),
    ),
    filters: [places.map((_, i) => `[${i}:${video.index}]${picture}[p${i}]`).join(';')],
    outputs: places.map((_, i) => ({
      path: posterPattern.replace('%d', String(i + 1)),
      options: flags({ map: `[p${i}]`, 'frames:v': 1, update: 1, ...posterFormat }),
    })),
  };
}

function posterSize({ displayWidth, displayHeight }: Source['video'], side: number): [number, number] {
  const factor = Math.min(1, side / Math.max(displayWidth, displayHeight));
  return [Math.max(1, Math.round(displayWidth * factor)), Math.max(1, Math.round(displayHeight * factor))];
}

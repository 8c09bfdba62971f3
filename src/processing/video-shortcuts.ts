import { twoChannels } from './audio-command.js';
import { isWide, narrow, presumed } from './colour.js';
import type { Copy } from './copyable.js';
import { bare, flags, untrusted, type Command } from './ffmpeg.js';
import { hlsOptions } from './hls-options.js';
import {
  audioRate,
  fit,
  posterCandidates,
  posterFormat,
  posterPattern,
  posterSize,
  scale,
  seconds,
  type Source,
} from './video-command.js';

/** Supplemental messages, by their number in ITU-T H.264, 7.4.1. */
const withoutMessages = 'filter_units=remove_types=6';
/** As in ITU-T H.273: what is copied may have left it to guesses. */
const saysBt709 =
  'h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0';

/** The largest rung without decoding: the source's own packets, without what cameras and encoders write between them. */
export function copyCommand(input: string, source: Source, { rung, withSound, offset }: Copy): Command {
  const { video, audio, format, durationMs } = source;
  const saysAll = [video.matrix, video.transfer, video.primaries, video.range].every(
    (said) => said && said !== 'unknown',
  );
  return {
    inputs: [untrusted(input, format.demuxer!)],
    outputs: [
      {
        path: '%v.m3u8',
        options: [
          ...['-map', `0:${video.index}`, ...(audio ? ['-map', `0:${audio.index}`] : [])],
          ...flags({ 'c:v': 'copy', 'bsf:v': [withoutMessages, ...(saysAll ? [] : [saysBt709])].join() }),
          ...(audio && withSound ? flags({ 'c:a': 'copy' }) : []),
          ...(audio && !withSound ? flags({ 'c:a': 'aac', ar: audioRate, ac: 2, 'b:a': rung.audioBitrate }) : []),
          ...(audio && !withSound
            ? flags({ 'filter:a': `aresample=async=1:first_pts=0,${twoChannels(audio, 'stereo')}` })
            : []),
          ...(durationMs ? flags({ t: seconds(durationMs) }) : []),
          ...flags({ output_ts_offset: offset.toFixed(6) }),
          ...bare,
          ...hlsOptions([[`v:0`, ...(audio ? ['a:0'] : []), `name:${rung.name}`].join()]),
        ],
      },
    ],
  };
}

/** Where the candidates for the poster stand, ms. */
export const posterPlaces = ({ durationMs }: Source): number[] =>
  Array.from({ length: posterCandidates }, (_, i) => ((durationMs ?? 0) * i) / posterCandidates);

/**
 * Pictures from some places, without reading what lies between: each from the key frame before it. Files as
 * `posterPattern` names them, counted from 1.
 * @param side px that they shall not pass
 */
export function posterCommand(input: string, source: Source, places: number[], side: number, threads: number): Command {
  const { video, format } = source;
  const [width, height] = posterSize(video, side);
  const even = (px: number) => Math.ceil(px / 2) * 2;
  const colours = isWide(video) ? [fit(even(width), even(height)), narrow(video)] : presumed(video);
  const picture = [...colours, scale(width, height), 'format=rgb24'].join();
  return {
    inputs: places.map((ms) =>
      untrusted(input, format.demuxer!, [...flags({ threads }), ...(ms ? flags({ ss: seconds(ms) }) : [])]),
    ),
    filter: places.map((_, i) => `[${i}:${video.index}]${picture}[p${i}]`).join(';'),
    outputs: places.map((_, i) => ({
      path: posterPattern.replace('%d', String(i + 1)),
      options: flags({ map: `[p${i}]`, 'frames:v': 1, update: 1, ...posterFormat }),
    })),
  };
}

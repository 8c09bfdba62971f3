import type { Copy } from './copyable.js';
import { dropMetadata, flags, type Command } from '../run/ffmpeg.js';
import { hlsOptions } from './hls-options.js';
import { encodedSound, evenSound, inputsOf, seconds, soundInput, type Source } from './video-command.js';

/** Supplemental messages, by their number in ITU-T H.264, 7.4.1. */
const withoutMessages = 'filter_units=remove_types=6';
/** As in ITU-T H.273: what is copied may have left it to guesses. */
const saysBt709 =
  'h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0';

/** The largest rung without decoding: the source's own packets, without what cameras and encoders write between them. */
export function copyCommand(input: string, source: Source, { rung, withSound, reorderSeconds }: Copy): Command {
  const { video, audio, durationMs } = source;
  const saysAll = [video.matrix, video.transfer, video.primaries, video.range].every(
    (said) => said && said !== 'unknown',
  );
  return {
    inputs: inputsOf(input, source),
    outputs: [
      {
        path: '%v.m3u8',
        options: [
          ...['-map', `0:${video.index}`, ...(audio ? ['-map', `${soundInput(source)}:${audio.index}`] : [])],
          ...flags({ 'c:v': 'copy', 'bsf:v': [withoutMessages, ...(saysAll ? [] : [saysBt709])].join() }),
          ...(audio && withSound ? flags({ 'c:a': 'copy' }) : []),
          ...(audio && !withSound
            ? [...encodedSound, ...flags({ 'b:a': rung.audioBitrate, 'filter:a': evenSound(source, audio) })]
            : []),
          ...(durationMs ? flags({ t: seconds(durationMs) }) : []),
          ...dropMetadata,
          ...hlsOptions([[`v:0`, ...(audio ? ['a:0'] : []), `name:${rung.name}`].join()], reorderSeconds),
        ],
      },
    ],
  };
}

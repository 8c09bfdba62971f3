import type { Copy } from './copyable.js';
import { dropMetadata, flags, type Command } from '../run/ffmpeg.js';
import { hlsOptions } from './hls-options.js';
import { aacOptions, paddedSound, inputsOf, seconds, soundInput, type Source } from './video-command.js';

/** Supplemental enhancement information, NAL unit type 6 (ITU-T H.264, 7.4.1). */
const removeSei = 'filter_units=remove_types=6';
/** Code points of ITU-T H.273, for sources that do not declare their colours. */
const declareBt709 =
  'h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0';

/** Copies the video packets of the source into the largest rung, without the messages of cameras and encoders. */
export function copyCommand(input: string, source: Source, { rung, withSound, reorderSeconds }: Copy): Command {
  const { video, audio, durationMs } = source;
  const isDeclared = [video.matrix, video.transfer, video.primaries, video.range].every(
    (value) => value && value !== 'unknown',
  );
  return {
    inputs: inputsOf(input, source),
    outputs: [
      {
        path: '%v.m3u8',
        options: [
          ...['-map', `0:${video.index}`, ...(audio ? ['-map', `${soundInput(source)}:${audio.index}`] : [])],
          ...flags({ 'c:v': 'copy', 'bsf:v': [removeSei, ...(isDeclared ? [] : [declareBt709])].join() }),
          ...(audio && withSound ? flags({ 'c:a': 'copy' }) : []),
          ...(audio && !withSound
            ? [...aacOptions, ...flags({ 'b:a': rung.audioBitrate, 'filter:a': paddedSound(source, audio) })]
            : []),
          ...(durationMs ? flags({ t: seconds(durationMs) }) : []),
          ...dropMetadata,
          ...hlsOptions([[`v:0`, ...(audio ? ['a:0'] : []), `name:${rung.name}`].join()], reorderSeconds),
        ],
      },
    ],
  };
}

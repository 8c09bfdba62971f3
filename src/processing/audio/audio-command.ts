import { dropMetadata, flags, undecodedPictures, untrusted, type Command } from '../run/ffmpeg.js';
import { hlsOptions } from '../video/hls-options.js';
import type { AudioStream, Probe } from '../run/streams.js';
import type { Tags } from './tags.js';
import { waveformRate } from './waveform.js';

export const progressiveFile = 'audio.m4a';
export const hlsName = 'stream';
export const coverFile = 'cover';
export const waveformFile = 'samples.s8';
export const loudnessFile = 'loudness.txt';
const bitrate = 128_000;

export type Sound = Probe & { audio: AudioStream };

type Form = {
  /** The source's packets go along as they are. */
  copied: boolean;
  /** A JPEG to put into the M4A. */
  picture: string | null;
  threads: number;
};

/** Encoders meet what they are told roughly. */
const highestCopied = bitrate * 1.25;

/** Whether the source is what we would make of it, or so near that encoding it again would only cost its quality. */
export const isCopyable = ({ format, audio }: Sound): boolean =>
  format.demuxer === 'mov' &&
  audio.codec === 'aac' &&
  audio.profile === 'LC' &&
  [1, 2].includes(audio.channels) &&
  [44_100, 48_000].includes(audio.sampleRate) &&
  audio.startMs === 0 &&
  (audio.bitrate ?? Infinity) <= highestCopied;

/** One decode for everything: AAC in a tagged M4A that begins to play before all of it has come, and what is measured. */
export function musicCommand(
  input: string,
  { format, audio, tags }: Sound,
  { copied, picture, threads }: Form,
): Command {
  const chains = [
    `[0:${audio.index}]${twoChannels(audio, 'mono')},asplit=${copied ? 2 : '3[sound]'}[peaks][loud]`,
    `[peaks]aresample=${waveformRate},aformat=channel_layouts=mono[wave]`,
    `[loud]ebur128=metadata=1,ametadata=mode=print:key=lavfi.r128.I:file=${loudnessFile}[measured]`,
  ];
  const sound = copied
    ? flags({ map: `0:${audio.index}`, 'c:a': 'copy' })
    : flags({ map: '[sound]', 'c:a': 'aac', 'b:a': bitrate, ar: sampleRate(audio) });
  return {
    inputs: [
      untrusted(input, format.demuxer!, [...flags({ threads }), ...undecodedPictures]),
      ...(picture ? [pictureInput(picture)] : []),
    ],
    filters: [chains.join(';')],
    outputs: [
      {
        path: progressiveFile,
        options: [
          ...sound,
          ...(picture ? attached : []),
          ...dropMetadata,
          ...Object.entries(tagsOfMp4(tags)).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]),
          ...m4a,
        ],
      },
      { path: waveformFile, options: [...flags({ map: '[wave]', 'c:a': 'pcm_s8', f: 's8' }), ...dropMetadata] },
      { path: '-', options: flags({ map: '[measured]', f: 'null' }) },
    ],
  };
}

const m4a = flags({ movflags: '+faststart', f: 'ipod' });
const pictureInput = (picture: string) => untrusted(picture, 'jpeg_pipe');
/** Written as the `covr` atom, which players show. */
const attached = flags({ map: '1:0', 'c:v': 'copy', 'disposition:v:0': 'attached_pic' });

/** An M4A of ours with another picture, or with none: not a packet of the sound changes. */
export const embedCommand = (input: string, picture: string | null): Command => ({
  inputs: [untrusted(input, 'mov'), ...(picture ? [pictureInput(picture)] : [])],
  outputs: [
    {
      path: progressiveFile,
      options: [
        ...flags({ map: '0:a:0', 'c:a': 'copy' }),
        ...(picture ? attached : []),
        ...flags({ map_metadata: 0 }),
        ...m4a,
      ],
    },
  ],
});

/** The same packets once more, as HLS segments in one file. */
export const segmentCommand = (): Command => ({
  inputs: [untrusted(progressiveFile, 'mov')],
  outputs: [
    {
      path: '%v.m3u8',
      options: [...flags({ map: '0:a:0', c: 'copy' }), ...dropMetadata, ...hlsOptions([`a:0,name:${hlsName}`])],
    },
  ],
});

/** The cover's bytes as they are; whether they are a picture is for the image pipeline to say. */
export const coverCommand = (input: string, { format }: Probe, index: number): Command => ({
  inputs: [untrusted(input, format.demuxer!, undecodedPictures)],
  outputs: [
    {
      path: coverFile,
      options: [...flags({ map: `0:${index}`, c: 'copy', 'frames:v': 1, update: 1, f: 'image2' }), ...dropMetadata],
    },
  ],
});

/** Two rates that every player plays, each the multiple of what the source has, so that resampling stays exact. */
const sampleRate = (audio: AudioStream) => (audio.sampleRate % 11_025 === 0 ? 44_100 : 48_000);

/** Lossless codecs with floating point samples: these may be NaN or infinite, and reach the encoder unchanged. */
const storesFloats = /^(pcm_f|wavpack$|mp4als$)/;
/** Full scale is 1. The AAC encoder fails on samples from about 1e16. */
const largestSample = 1e6;
/**
 * Makes silence of such samples. It has to come after the change of channels: before it, ffmpeg 7 outputs silence for
 * any sound with more than two channels.
 */
const finiteSamples = `aeval='if(lt(abs(val(ch)),${largestSample}),val(ch),0)':c=same`;

/** Filters down to stereo. More channels than speakers have names (7.1) have no known places: two of them are kept. */
export function twoChannels({ channels, codec }: AudioStream, ofOne: 'mono' | 'stereo'): string {
  const stereo =
    channels > 8 ? 'pan=stereo|c0=c0|c1=c1' : `aformat=channel_layouts=${channels === 1 ? ofOne : 'stereo'}`;
  return storesFloats.test(codec) ? `${stereo},${finiteSamples}` : stereo;
}

const tagsOfMp4 = ({ year, ...texts }: Tags): Record<string, string> => ({
  ...texts,
  ...(year === undefined ? {} : { date: String(year) }),
});

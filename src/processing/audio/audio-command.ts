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
/** bit/s */
const [minBitrate, maxBitrate] = [32_000, 128_000];

export type Sound = Probe & { audio: AudioStream };

type MusicOptions = {
  /** Copies the source's audio packets instead of encoding. */
  copied: boolean;
  /** A JPEG to embed in the M4A. */
  picture: string | null;
  threads: number;
  /** bit/s, if it is encoded */
  bitrate: number;
};

/**
 * Enough for what the source has: AAC takes up to twice as many bits for the same sound as the newest codecs.
 * @param bytes of the whole file
 */
export const bitrateFor = (bytes: number, durationMs: number): number =>
  Math.min(maxBitrate, Math.max(minBitrate, Math.round((2 * bytes * 8000) / durationMs)));

/** bit/s. Encoders meet their target bit rate only roughly. */
const maxCopiedBitrate = maxBitrate * 1.25;

/** Whether the source already is what encoding would make of it, so that encoding it again would only lose quality. */
export const isCopyable = ({ format, audio }: Sound): boolean =>
  format.demuxer === 'mov' &&
  audio.codec === 'aac' &&
  audio.profile === 'LC' &&
  [1, 2].includes(audio.channels) &&
  [44_100, 48_000].includes(audio.sampleRate) &&
  audio.startMs === 0 &&
  (audio.bitrate ?? Infinity) <= maxCopiedBitrate;

/** A single decode for an M4A with tags, playable while it downloads, the waveform's samples and the loudness. */
export function musicCommand(
  input: string,
  { format, audio, tags }: Sound,
  { copied, picture, threads, bitrate }: MusicOptions,
): Command {
  const chains = [
    `[0:${audio.index}]${downmix(audio, 'mono')},asplit=${copied ? 2 : '3[sound]'}[peaks][loud]`,
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
          ...(picture ? attachedPicture : []),
          ...dropMetadata,
          ...Object.entries(toMp4Tags(tags)).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]),
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
const attachedPicture = flags({ map: '1:0', 'c:v': 'copy', 'disposition:v:0': 'attached_pic' });

/** Replaces or removes the picture of an M4A that `musicCommand` wrote, without changing an audio packet. */
export const embedCommand = (input: string, picture: string | null): Command => ({
  inputs: [untrusted(input, 'mov'), ...(picture ? [pictureInput(picture)] : [])],
  outputs: [
    {
      path: progressiveFile,
      options: [
        ...flags({ map: '0:a:0', 'c:a': 'copy' }),
        ...(picture ? attachedPicture : []),
        ...flags({ map_metadata: 0 }),
        ...m4a,
      ],
    },
  ],
});

/** The packets of the M4A as HLS segments in one file. */
export const segmentCommand = (): Command => ({
  inputs: [untrusted(progressiveFile, 'mov')],
  outputs: [
    {
      path: '%v.m3u8',
      options: [...flags({ map: '0:a:0', c: 'copy' }), ...dropMetadata, ...hlsOptions([`a:0,name:${hlsName}`])],
    },
  ],
});

/** Extracts the cover's bytes without decoding: the image pipeline decides whether they are a picture. */
export const coverCommand = (input: string, { format }: Probe, index: number): Command => ({
  inputs: [untrusted(input, format.demuxer!, undecodedPictures)],
  outputs: [
    {
      path: coverFile,
      options: [...flags({ map: `0:${index}`, c: 'copy', 'frames:v': 1, update: 1, f: 'image2' }), ...dropMetadata],
    },
  ],
});

/** Two rates that every player supports. The source's family is kept, so that resampling is by a simple ratio. */
const sampleRate = (audio: AudioStream) => (audio.sampleRate % 11_025 === 0 ? 44_100 : 48_000);

/** Lossless codecs with floating point samples, which may be NaN or infinite and would reach the encoder unchanged. */
const storesFloats = /^(pcm_f|wavpack$|mp4als$)/;
/** Full scale is 1. The AAC encoder fails on samples from about 1e16. */
const maxSample = 1e6;
/**
 * Replaces such samples by silence. Must follow the downmix: before it, ffmpeg 7 outputs silence for any sound with more
 * than two channels.
 */
const finiteSamples = `aeval='if(lt(abs(val(ch)),${maxSample}),val(ch),0)':c=same`;

/** Downmix filters. Beyond 7.1 the positions of channels are unknown: the first two are kept. */
export function downmix({ channels, codec }: AudioStream, ofMono: 'mono' | 'stereo'): string {
  const stereo =
    channels > 8 ? 'pan=stereo|c0=c0|c1=c1' : `aformat=channel_layouts=${channels === 1 ? ofMono : 'stereo'}`;
  return storesFloats.test(codec) ? `${stereo},${finiteSamples}` : stereo;
}

const toMp4Tags = ({ year, ...texts }: Tags): Record<string, string> => ({
  ...texts,
  ...(year === undefined ? {} : { date: String(year) }),
});

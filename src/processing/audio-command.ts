import { bare, flags, untrusted, type Command } from './ffmpeg.js';
import { hlsOptions } from './hls-options.js';
import type { AudioStream, Probe } from './probe.js';
import type { Tags } from './tags.js';

export const progressiveFile = 'audio.m4a';
export const hlsName = 'stream';
export const coverFile = 'cover';
const bitrate = 128_000;

export type Sound = Probe & { audio: AudioStream };

/** The one encode: AAC in an M4A that begins to play before all of it has come, tagged. */
export function encodeCommand(input: string, { format, audio, tags }: Sound, threads: number): Command {
  return {
    inputs: [untrusted(input, format.demuxer!, flags({ threads }))],
    outputs: [
      {
        path: progressiveFile,
        options: [
          ...flags({ map: `0:${audio.index}`, af: twoChannels(audio, 'mono') }),
          ...flags({ 'c:a': 'aac', 'b:a': bitrate, ar: sampleRate(audio) }),
          ...bare,
          ...Object.entries(tagsOfMp4(tags)).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]),
          ...flags({ movflags: '+faststart', f: 'ipod' }),
        ],
      },
    ],
  };
}

/** The same packets once more, as HLS segments in one file. */
export const segmentCommand = (): Command => ({
  inputs: [untrusted(progressiveFile, 'mov')],
  outputs: [
    {
      path: '%v.m3u8',
      options: [...flags({ map: '0:a:0', c: 'copy' }), ...bare, ...hlsOptions([`a:0,name:${hlsName}`])],
    },
  ],
});

/** The cover's bytes as they are; whether they are a picture is for the image pipeline to say. */
export const coverCommand = (input: string, { format }: Probe, index: number): Command => ({
  inputs: [untrusted(input, format.demuxer!)],
  outputs: [
    {
      path: coverFile,
      options: [...flags({ map: `0:${index}`, c: 'copy', 'frames:v': 1, update: 1, f: 'image2' }), ...bare],
    },
  ],
});

/** Two rates that every player plays, each the multiple of what the source has, so that resampling stays exact. */
const sampleRate = (audio: AudioStream) => (audio.sampleRate % 11_025 === 0 ? 44_100 : 48_000);

/** A filter down to stereo. More channels than speakers have names (7.1) have no known places: two of them are kept. */
export function twoChannels({ channels }: AudioStream, ofOne: 'mono' | 'stereo'): string {
  if (channels > 8) return 'pan=stereo|c0=c0|c1=c1';
  return `aformat=channel_layouts=${channels === 1 ? ofOne : 'stereo'}`;
}

const tagsOfMp4 = ({ year, ...texts }: Tags): Record<string, string> => ({
  ...texts,
  ...(year === undefined ? {} : { date: String(year) }),
});

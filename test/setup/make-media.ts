import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { resolveBinaries } from '../../src/processing/run/binaries.js';

const exec = promisify(execFile);

/** Runs ffmpeg on generated sources and returns its output. The last argument is the file's name. */
export async function ffmpeg(...args: string[]): Promise<Buffer> {
  const { ffmpeg: bin } = await resolveBinaries();
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-make-'));
  try {
    const out = join(dir, args.at(-1)!);
    await exec(bin, ['-hide_banner', '-loglevel', 'error', '-y', ...args.slice(0, -1), out]);
    return await readFile(out);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export interface Probed {
  streams: {
    codec_type: string;
    codec_name: string;
    width?: number;
    height?: number;
    duration?: string;
    side_data_list?: unknown[];
  }[];
  format: { duration?: string; tags?: Record<string, string> };
}

/** Reads a file or an address with ffprobe. */
export async function ffprobe(input: string): Promise<Probed> {
  const { ffprobe: bin } = await resolveBinaries();
  const { stdout } = await exec(bin, ['-v', 'error', '-print_format', 'json', '-show_streams', '-show_format', input]);
  return JSON.parse(stdout) as Probed;
}

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];

/**
 * A moving test picture with a tone.
 * @param size `640x360`
 */
export const video = (size: string, seconds: number, ...more: string[]): Promise<Buffer> =>
  ffmpeg(
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`],
    ...x264,
    ...more,
    'video.mp4',
  );

export const song = (seconds: number): Promise<Buffer> =>
  ffmpeg(
    ...['-f', 'lavfi', '-i', `sine=frequency=330:duration=${seconds}:sample_rate=44100`],
    ...[
      '-c:a',
      'libmp3lame',
      '-b:a',
      '128k',
      '-metadata',
      'title=Gleis 9',
      '-metadata',
      'artist=Die Probe',
      'song.mp3',
    ],
  );

let shade = 0;
/** A different picture each time, so that no test meets another's duplicate. */
export const picture = (width: number, height: number): Sharp => {
  shade = (shade + 37) % 256;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="rgb(${shade},90,${255 - shade})"/>
    <circle cx="${width / 4}" cy="${height / 4}" r="${Math.min(width, height) / 6}" fill="white"/></svg>`;
  return sharp(Buffer.from(svg));
};

/** GPS position and camera name, as phones write them. */
export const phoneExif = {
  IFD0: { Make: 'Testphone', Copyright: 'Ada' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 51/1 0/1', GPSLongitudeRef: 'E', GPSLongitude: '2/1 21/1 0/1' },
};

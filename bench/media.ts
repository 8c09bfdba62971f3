import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { ffmpeg } from '../test/setup/make-media.js';

/** Runs `work` with a temporary directory. */
export async function withFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * Writes bytes to a new file.
 * @returns its path
 */
export async function saved(dir: string, name: string, bytes: Buffer): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, bytes);
  return path;
}

/**
 * A picture with edges, plain areas and grain, like a camera's.
 * @param seed different seeds give different bytes
 */
export async function cameraJpeg(width: number, height: number, seed = 1): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="hsl(${seed % 360},60%,45%)"/><stop offset="1" stop-color="#fed"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    ${Array.from({ length: 60 }, (_, i) => {
      const at = (i * 7919 + seed * 104_729) % 1_000;
      return `<ellipse cx="${(at / 1000) * width}" cy="${((i * 37 + seed) % 60) * (height / 60)}" rx="${(width / 40) * (1 + (i % 5))}" ry="${height / 30}" fill="hsl(${at % 360},50%,${30 + (i % 40)}%)"/>`;
    }).join('')}</svg>`;
  const grain = await sharp({
    create: { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 12 } },
  })
    .png({ compressionLevel: 0 })
    .toBuffer();
  return sharp(Buffer.from(svg))
    .flatten()
    .composite([{ input: grain, blend: 'soft-light' }])
    .withExif({ IFD0: { Make: 'Bench', Copyright: 'Ada' } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/**
 * 30 frames a second with motion everywhere, and two voices.
 * @param encode options of ffmpeg
 */
export const clip = (size: string, seconds: number, encode: string[], name = 'clip.mp4'): Promise<Buffer> =>
  ffmpeg(
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30:duration=${seconds},noise=alls=6:allf=t`],
    ...['-f', 'lavfi', '-i', `aevalsrc=0.3*sin(2*PI*220*t)|0.3*sin(2*PI*330*t):s=48000:d=${seconds}`],
    ...['-pix_fmt', 'yuv420p', ...encode],
    name,
  );

/**
 * The same picture in different bytes, so that it is no duplicate: a comment after the start of image (ISO/IEC 10918-1,
 * B.2.4.5).
 */
export const freshJpeg = (jpeg: Buffer): Buffer =>
  Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xfe, 0, 18]), randomBytes(16), jpeg.subarray(2)]);

/** The same for an MP4: a box that readers skip (ISO/IEC 14496-12, 8.1.2). */
export const freshMp4 = (mp4: Buffer): Buffer =>
  Buffer.concat([mp4, Buffer.from([0, 0, 0, 24]), Buffer.from('free'), randomBytes(16)]);

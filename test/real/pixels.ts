import sharp, { type Sharp } from 'sharp';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolveBinaries } from '../../src/processing/run/binaries.js';
import { ffmpeg } from '../setup/make-media.js';

const exec = promisify(execFile);

const side = 96;

/** A picture as a square RGB raster, whatever its size, shape, format and profile; transparency becomes white. */
export const raster = (image: Sharp): Promise<Buffer> =>
  image
    .toColourspace('srgb')
    .flatten({ background: '#ffffff' })
    .resize(side, side, { fit: 'fill' })
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer();

/** The same for a video, at a time in seconds. ffmpeg rotates it upright by itself. */
export const frame = (path: string, at: number): Promise<Buffer> =>
  ffmpeg(
    ...['-i', path, '-ss', at.toFixed(3), '-frames:v', '1', '-vf', `scale=${side}:${side}`],
    ...['-pix_fmt', 'rgb24', '-f', 'rawvideo', 'frame.raw'],
  );

/**
 * Structural similarity (Wang et al. 2004) of two videos, frame by frame: 1 is identical.
 * @param size of the first, `640:360`; the second is scaled to it
 * @param rate of the first, `30000/1001`; the second is converted to it
 */
export async function similarity(made: string, source: string, size: string, rate: string): Promise<number> {
  const { ffmpeg: bin } = await resolveBinaries();
  const even = (input: number) => `[${input}:v:0]setpts=PTS-STARTPTS,fps=${rate}:start_time=0`;
  const plain = `scale=${size}:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p`;
  const { stderr } = await exec(bin, [
    ...['-hide_banner', '-nostats', '-i', made, '-i', source],
    ...[
      '-lavfi',
      `${even(0)},${plain}[made];${even(1)},${plain}[source];[made][source]ssim=shortest=1`,
      '-f',
      'null',
      '-',
    ],
  ]);
  return Number(/SSIM .*All:([\d.]+)/.exec(stderr)?.[1]);
}

/** Rotated and mirrored: all wrong ways to show a picture. */
export const wrongWays = (pixels: Buffer): Promise<Buffer[]> => {
  const open = () => sharp(pixels, { raw: { width: side, height: side, channels: 3 } });
  return Promise.all(
    [open().rotate(90), open().rotate(180), open().rotate(270), open().flop(), open().flip()].map((image) =>
      image.raw().toBuffer(),
    ),
  );
};

/** Mean absolute difference of two rasters, 0 to 255. */
export function difference(a: Buffer, b: Buffer): number {
  if (a.length !== b.length) return 255;
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

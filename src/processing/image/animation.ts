import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loopCommand, playedDelay, type Frames } from './animation-command.js';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpeg } from '../run/ffmpeg.js';
import type { PhotoLimits } from '../run/limits.js';
import { exceededLimit, openImage, orImageFailure, readHeader } from './pixels.js';

export type Animation = {
  name: 'animated' | 'loop';
  path: string;
  mimeType: 'image/webp' | 'video/mp4';
  /** px */
  width: number;
  height: number;
  durationMs: number;
  bytes: number;
};

/** Formats whose frames are an animation. In other formats they are pages, or variants of one picture. */
const animatedTypes = new Set(['image/gif', 'image/webp']);
export const isAnimation = ({ mimeType, frames }: { mimeType: string; frames: number }): boolean =>
  frames > 1 && animatedTypes.has(mimeType);

/** px, of the larger side. */
const maxSide = 640;

/** Makes a WebP and a silent MP4 of an animation. @throws {ProcessingFailure} */
export async function deriveAnimation(
  input: string,
  dir: string,
  limits: PhotoLimits,
  ctx: Context,
): Promise<Animation[]> {
  const excess = exceededLimit(await readHeader(input), limits);
  if (excess) throw new ProcessingFailure(excess, 'animation');
  await mkdir(dir, { recursive: true });
  const open = () => openImage(input, limits.maxPixels, { animated: true });
  const { width, pageHeight, pages = 1, delay = [], loop = 0 } = await orImageFailure(open().metadata());
  if (!pageHeight) throw new ProcessingFailure('internal', 'an animation without frames');
  // WebP and libvips store delays in 16 bits.
  const delays = Array.from({ length: pages }, (_, i) => Math.min(65_535, playedDelay(delay[i])));
  const durationMs = delays.reduce((sum, ms) => sum + ms, 0);

  const animated = path.join(dir, 'animated.webp');
  const small = open().resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true });
  const made = await orImageFailure(small.webp({ quality: 75, effort: 2, loop, delay: delays }).toFile(animated));
  ctx.signal.throwIfAborted();

  const scale = Math.min(1, maxSide / Math.max(width, pageHeight));
  const frames = { width: even(width * scale), height: even(pageHeight * scale), delays };
  await writeFrames(path.join(dir, 'frames.raw'), frames);
  await ffmpeg(loopCommand('frames.raw', 'loop.mp4', frames), ctx, { cwd: dir, durationMs });
  await rm(path.join(dir, 'frames.raw'));
  const loopFile = path.join(dir, 'loop.mp4');
  const { width: w, height: h } = frames;
  return [
    {
      ...{ name: 'animated', path: animated, mimeType: 'image/webp', durationMs },
      ...{ width: made.width, height: made.pageHeight ?? made.height / pages, bytes: made.size },
    },
    {
      ...{ name: 'loop', path: loopFile, mimeType: 'video/mp4', durationMs },
      ...{ width: w, height: h, bytes: (await stat(loopFile)).size },
    },
  ];

  /** On white, because video has no transparency. The last frame is written twice: see `timestampExpression`. */
  async function writeFrames(file: string, { width, height }: Frames): Promise<void> {
    const upright = open().resize(width, height, { fit: 'fill' }).toColourspace('srgb');
    const flat = upright.flatten({ background: '#ffffff' }).raw({ depth: 'uchar' });
    const pixels = await orImageFailure(flat.toBuffer());
    await writeFile(file, [pixels, pixels.subarray(-width * height * 3)]);
  }
}

/** 4:2:0 stores colour for pairs of pixels. */
const even = (px: number) => Math.max(2, Math.floor(px / 2) * 2);

import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loopCommand, shownFor, type Frames } from './animation-command.js';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpeg } from '../run/ffmpeg.js';
import type { PhotoLimits } from '../run/limits.js';
import { excessOf, openImage, orImageFailure, readHeader } from './pixels.js';

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

/** What moves wherever it is shown. Other formats hold pages or variants of one picture. */
const moving = new Set(['image/gif', 'image/webp']);
export const isAnimation = ({ mimeType, frames }: { mimeType: string; frames: number }): boolean =>
  frames > 1 && moving.has(mimeType);

/** The box it is fitted inside, px. */
const side = 640;

/** An animation twice: as WebP, and as a video without sound for players. @throws {ProcessingFailure} */
export async function deriveAnimation(
  input: string,
  dir: string,
  limits: PhotoLimits,
  ctx: Context,
): Promise<Animation[]> {
  const excess = excessOf(await readHeader(input), limits);
  if (excess) throw new ProcessingFailure(excess, 'animation');
  await mkdir(dir, { recursive: true });
  const open = () => openImage(input, limits.maxPixels, { animated: true });
  const { width, pageHeight, pages = 1, delay = [], loop = 0 } = await orImageFailure(open().metadata());
  if (!pageHeight) throw new ProcessingFailure('internal', 'an animation without frames');
  // WebP and libvips hold sixteen bits of it; nobody waits for more than a minute.
  const delays = Array.from({ length: pages }, (_, i) => Math.min(65_535, shownFor(delay[i])));
  const durationMs = delays.reduce((sum, ms) => sum + ms, 0);

  const animated = path.join(dir, 'animated.webp');
  const small = open().resize(side, side, { fit: 'inside', withoutEnlargement: true });
  const made = await orImageFailure(small.webp({ quality: 75, effort: 2, loop, delay: delays }).toFile(animated));
  ctx.signal.throwIfAborted();

  const scale = Math.min(1, side / Math.max(width, pageHeight));
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

  /** On white, for a video has no transparency; the last frame twice, as the timeline has it. */
  async function writeFrames(file: string, { width, height }: Frames): Promise<void> {
    const upright = open().resize(width, height, { fit: 'fill' }).toColourspace('srgb');
    const flat = upright.flatten({ background: '#ffffff' }).raw({ depth: 'uchar' });
    const pixels = await orImageFailure(flat.toBuffer());
    await writeFile(file, [pixels, pixels.subarray(-width * height * 3)]);
  }
}

/** 4:2:0 stores colour for pairs of pixels. */
const even = (px: number) => Math.max(2, Math.floor(px / 2) * 2);

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { ProcessingFailure } from './failure.js';
import { deriveSizes, type Sizes } from './image.js';
import { orImageFailure, readHeader } from './pixels.js';

/** A frame of a video is as large as the video may be, which was checked; this only stops what cannot be one. */
const limits = { maxBytes: Infinity, maxPixels: 2048 * 2048, maxFrames: 1 };

/** Picks the frame that shows most and makes the picture sizes of it in `dir`. @throws {ProcessingFailure} */
export async function derivePoster(framesDir: string, dir: string, signal: AbortSignal): Promise<Sizes> {
  const frames = (await readdir(framesDir)).filter((name) => /^poster-\d+\.png$/.test(name)).toSorted();
  const scored = await Promise.all(
    frames.map(async (name) => {
      const file = path.join(framesDir, name);
      return { file, score: await scoreOf(file) };
    }),
  );
  const [best] = scored.toSorted((a, b) => b.score - a.score);
  if (!best) throw new ProcessingFailure('internal', 'no frame for the poster');
  return deriveSizes(best.file, await readHeader(best.file), dir, limits, signal);
}

/** Detail in bits per pixel; a frame that is nearly black or white counts for little, however noisy. */
async function scoreOf(file: string): Promise<number> {
  const { entropy, channels } = await orImageFailure(sharp(file).stats());
  const brightness = channels.reduce((sum, channel) => sum + channel.mean, 0) / channels.length / 255;
  const isVisible = brightness > 0.08 && brightness < 0.95;
  return isVisible ? entropy : entropy / 10;
}

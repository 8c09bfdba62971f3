import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { ProcessingFailure } from '../run/failure.js';
import { deriveSizes, type Sizes } from '../image/image.js';
import { orImageFailure, readHeader } from '../image/pixels.js';

/** The video's size was checked, and `posterCommand` scales its frames to at most this. */
const limits = { maxBytes: Infinity, maxPixels: 2048 * 2048, maxFrames: 1 };

/** Makes the picture sizes of a frame in `dir`. @throws {ProcessingFailure} */
export const derivePoster = async (frame: string, dir: string, signal: AbortSignal): Promise<Sizes> =>
  deriveSizes(frame, await readHeader(frame), dir, limits, signal);

/** The candidate in `dir` with the most detail. @throws {ProcessingFailure} */
export async function bestPoster(dir: string): Promise<{ file: string; number: number }> {
  const numbers = (await readdir(dir)).flatMap((name) => /^poster-(\d+)\.png$/.exec(name)?.[1] ?? []).map(Number);
  const scored = await Promise.all(
    numbers
      .toSorted((a, b) => a - b)
      .map(async (number) => {
        const file = path.join(dir, `poster-${number}.png`);
        return { file, number, score: await scoreOf(file) };
      }),
  );
  const [best] = scored.toSorted((a, b) => b.score - a.score);
  if (!best) throw new ProcessingFailure('internal', 'no frame for the poster');
  return best;
}

/** Detail in bits per pixel; reduced for frames that are nearly black or white, which may be noisy. */
async function scoreOf(file: string): Promise<number> {
  const { entropy, channels } = await orImageFailure(sharp(file).stats());
  const brightness = channels.reduce((sum, channel) => sum + channel.mean, 0) / channels.length / 255;
  const isVisible = brightness > 0.08 && brightness < 0.95;
  return isVisible ? entropy : entropy / 10;
}

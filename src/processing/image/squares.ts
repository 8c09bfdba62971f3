import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp, { type Raw } from 'sharp';
import { readRights } from './exif.js';
import { withCopyright } from './image.js';
import { sizeFormats } from './image-sizes.js';
import { openImage, orImageFailure, readable, readHeader } from './pixels.js';

/** Sides in px, largest first. */
const sides = [1024, 512, 256, 128] as const;
const formats = ['webp', 'jpeg'] as const;

export type Square = {
  /** The side it is for: that of a photo that is smaller than all of them is its own. */
  name: string;
  path: string;
  mimeType: string;
  width: number;
  height: number;
  bytes: number;
};

/**
 * Squares of the part of a photo that draws the eye, the same part in every size, as files in `dir`. Never enlarged: a
 * small photo has fewer.
 * @throws {ProcessingFailure}
 */
export async function deriveSquares(
  input: string,
  dir: string,
  maxPixels: number,
  signal: AbortSignal,
): Promise<Square[]> {
  await mkdir(dir, { recursive: true });
  const header = await readHeader(input);
  const shorter = Math.min(header.width, header.height);
  const fitting = sides.filter((side) => side <= shorter);
  const wanted = fitting.length
    ? fitting.map((side) => ({ side, name: side }))
    : [{ side: shorter, name: sides.at(-1)! }];
  const largest = wanted[0]!.side;
  const part = openImage(await readable(input, header, signal), maxPixels)
    .autoOrient()
    .resize(largest, largest, { fit: 'cover', position: sharp.strategy.attention })
    .toColourspace('srgb');
  const { data, info } = await orImageFailure(part.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }));
  const raw: Raw = { width: info.width, height: info.height, channels: info.channels };
  const rights = readRights(header.exif);
  const squares: Square[] = [];
  for (const { side, name } of wanted) {
    for (const format of formats) {
      signal.throwIfAborted();
      const { mimeType, extension, encode } = sizeFormats[format];
      const file = path.join(dir, `square-${name}.${extension}`);
      const image = withCopyright(sharp(data, { raw }).resize(side, side), rights);
      const { width, height, size } = await orImageFailure(encode(image).toFile(file));
      squares.push({ name: String(name), path: file, mimeType, width, height, bytes: size });
    }
  }
  return squares;
}

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp, { type Raw, type Sharp } from 'sharp';
import { readKeptExif } from './exif.js';
import { withCopyright } from './image.js';
import { sizeFormats } from './image-sizes.js';
import { openImage, orImageFailure, libvipsInput, readHeader, type ImageHeader } from './pixels.js';

/** Sides in px, largest first. */
export const sides = [1024, 512, 256, 128] as const;
export type Side = (typeof sides)[number];
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

/** Those that a picture need not be enlarged for. A smaller one has one square, of its own side. */
export function fittingSides({ width, height }: Pick<ImageHeader, 'width' | 'height'>): { name: Side; side: number }[] {
  const shorter = Math.min(width, height);
  const fitting = sides.filter((side) => side <= shorter);
  return fitting.length ? fitting.map((side) => ({ name: side, side })) : [{ name: 128, side: shorter }];
}

/**
 * The part of a picture that draws the eye, upright, in sRGB, decoded once.
 * @param side px
 * @param seconds after which decoding is given up
 */
export async function cutSquare(
  input: string | Buffer,
  side: number,
  maxPixels: number,
  seconds?: number,
): Promise<() => Sharp> {
  const part = openImage(input, maxPixels, {}, seconds)
    .autoOrient()
    .resize(side, side, { fit: 'cover', position: sharp.strategy.attention })
    .toColourspace('srgb');
  const { data, info } = await orImageFailure(part.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }));
  const raw: Raw = { width: info.width, height: info.height, channels: info.channels };
  return () => sharp(data, { raw });
}

/**
 * Squares of a photo as files in `dir`, the same part in every size. Never enlarged: a small photo has fewer.
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
  const wanted = fittingSides(header);
  const square = await cutSquare(await libvipsInput(input, header, signal), wanted[0]!.side, maxPixels);
  const keptExif = readKeptExif(header.exif);
  const squares: Square[] = [];
  for (const { side, name } of wanted) {
    for (const format of formats) {
      signal.throwIfAborted();
      const { mimeType, extension, encode } = sizeFormats[format];
      const file = path.join(dir, `square-${name}.${extension}`);
      const image = withCopyright(square().resize(side, side), keptExif);
      const { width, height, size } = await orImageFailure(encode(image).toFile(file));
      squares.push({ name: String(name), path: file, mimeType, width, height, bytes: size });
    }
  }
  return squares;
}

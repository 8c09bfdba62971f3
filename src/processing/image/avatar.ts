import path from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { refusalOf } from '../accept/accept.js';
import { Refused } from '../accept/refusal.js';
import { sniff } from '../accept/sniff.js';
import { ProcessingFailure } from '../run/failure.js';
import { isAnimation } from './animation.js';
import { playedDelay } from './animation-command.js';
import { sizeFormats } from './image-sizes.js';
import { exceededLimit, openImage, orImageFailure, readHeader, type ImageHeader } from './pixels.js';
import { cutSquare, fittingSides, type Side } from './squares.js';

/** What the decoders that are quick enough for somebody who waits can read, by our names of formats. */
export const avatarTypes = ['jpeg', 'png', 'gif', 'webp'] as const;
export type AvatarType = (typeof avatarTypes)[number];

/** Some are decoded whole, 16 bits a channel: 200 MB. */
const maxPixels = 25_000_000;
const maxFrames = 500;
/** Of all frames of one size: an animation with many of them is made in small sizes only. */
const maxMovingPixels = 8_000_000;
const maxSeconds = 20;

type Still = 'webp' | 'png' | 'jpeg';
export type AvatarFormat = Still | 'gif';
export interface AvatarSquare {
  /** The size it is for, px; a picture that is smaller than all of them has the smallest, in its own size. */
  size: Side;
  format: AvatarFormat;
  path: string;
  bytes: number;
}

const encoders: Record<Still, (image: Sharp) => Sharp> = {
  webp: sizeFormats.webp.encode,
  png: (image) => image.png({ compressionLevel: 9 }),
  jpeg: sizeFormats.jpeg.encode,
};

/**
 * A picture as squares in all sizes and formats, without its metadata, as files in `dir`. An animation moves in WebP and
 * GIF; in the others it is its first frame.
 * @throws {Refused} for what is no picture, damaged, or too much
 */
export async function deriveAvatar(
  input: string,
  dir: string,
  signal: AbortSignal,
): Promise<{ type: AvatarType; squares: AvatarSquare[] }> {
  const { format, mimeType } = await sniff(input);
  const type = avatarTypes.find((name) => name === format?.name);
  if (!type) {
    const allowed = avatarTypes.map((name) => `image/${name}`);
    throw new Refused(
      'type_not_allowed',
      `The file was found to be ${mimeType}; an avatar may be ${allowed.join(', ')}.`,
    );
  }
  try {
    return { type, squares: await squaresOf(type, input, dir, signal) };
  } catch (error) {
    if (signal.aborted || (error instanceof ProcessingFailure && error.code === 'timed_out'))
      throw new Refused('too_long', 'The picture takes too long to process: send one with fewer pixels or frames.');
    throw error instanceof ProcessingFailure ? refusalOf(error, mimeType) : error;
  }
}

async function squaresOf(type: AvatarType, input: string, dir: string, signal: AbortSignal): Promise<AvatarSquare[]> {
  const header = await readHeader(input);
  refuseExcess(header);
  if (!isAnimation({ mimeType: `image/${type}`, frames: header.frames }))
    return deriveStill(input, header, dir, ['webp', 'png', 'jpeg'], signal);
  const still = await deriveStill(input, header, dir, ['png', 'jpeg'], signal);
  return [...still, ...(await deriveMoving(input, header, dir, signal))];
}

function refuseExcess(header: ImageHeader): void {
  const excess = exceededLimit(header, { maxBytes: Infinity, maxPixels, maxFrames });
  if (!excess) return;
  const { width, height, frames } = header;
  const size = `${width} × ${height} px${frames > 1 ? ` in ${frames} frames` : ''}`;
  throw new Refused(
    excess,
    `The picture has ${size}; an avatar may have ${maxPixels / 1e6} megapixels and ${maxFrames} frames.`,
  );
}

async function deriveStill(
  input: string,
  header: ImageHeader,
  dir: string,
  formats: Still[],
  signal: AbortSignal,
): Promise<AvatarSquare[]> {
  const wanted = fittingSides(header);
  const square = await cutSquare(input, wanted[0]!.side, maxPixels, maxSeconds);
  const squares: AvatarSquare[] = [];
  for (const { name, side } of wanted) {
    for (const format of formats) {
      signal.throwIfAborted();
      const file = path.join(dir, `${name}.${format}`);
      const { size } = await orImageFailure(encoders[format](square().resize(side, side)).toFile(file));
      squares.push({ size: name, format, path: file, bytes: size });
    }
  }
  return squares;
}

/** The middle of each frame, with the original timing and loops. */
async function deriveMoving(
  input: string,
  header: ImageHeader,
  dir: string,
  signal: AbortSignal,
): Promise<AvatarSquare[]> {
  const all = fittingSides(header);
  const light = all.filter(({ side }) => side * side * header.frames <= maxMovingPixels);
  const wanted = light.length ? light : all.slice(-1);
  const largest = wanted[0]!.side;
  const open = () => openImage(input, maxPixels, { animated: true }, maxSeconds);
  const { delay = [], loop = 0, pages = 1 } = await orImageFailure(open().metadata());
  const part = open().resize(largest, largest, { fit: 'cover' }).toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await orImageFailure(part.toBuffer({ resolveWithObject: true }));
  if (info.height !== largest * pages) throw new ProcessingFailure('corrupt_input', 'frames are missing');
  const raw = { width: largest, height: info.height, channels: info.channels, pageHeight: largest };
  // WebP and libvips hold sixteen bits of it.
  const timing = { loop, delay: Array.from({ length: pages }, (_, i) => Math.min(65_535, playedDelay(delay[i]))) };
  const squares: AvatarSquare[] = [];
  for (const { name, side } of wanted) {
    for (const format of ['webp', 'gif'] as const) {
      signal.throwIfAborted();
      const file = path.join(dir, `${name}.${format}`);
      const image = sharp(data, { raw, animated: true }).resize(side, side);
      const encoded =
        format === 'webp' ? image.webp({ quality: 75, effort: 2, ...timing }) : image.gif({ effort: 3, ...timing });
      const { size } = await orImageFailure(encoded.timeout({ seconds: maxSeconds }).toFile(file));
      squares.push({ size: name, format, path: file, bytes: size });
    }
  }
  return squares;
}

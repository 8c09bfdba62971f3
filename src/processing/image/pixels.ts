import { readFile } from 'node:fs/promises';
import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { refuseCostlyMetadata } from './costly-metadata.js';
import { displayP3Icc, saysDisplayP3 } from './display-p3.js';
import { ProcessingFailure, type FailureCode } from '../run/failure.js';
import { decodeHeic } from './heic.js';
import { maxPhotoSide, type PhotoLimits } from '../run/limits.js';

// Every picture is seen once: a cache would only hold memory.
sharp.cache(false);
// Several are worked on side by side, each by one thread: more of them cost memory and save no CPU.
sharp.concurrency(1);

/** Opens a picture so that damaged data is an error and no grey area. @param seconds after which it is given up */
export function openImage(input: string | Buffer, maxPixels: number, options: SharpOptions = {}, seconds = 120): Sharp {
  return sharp(input, { failOn: 'error', limitInputPixels: maxPixels, ...options }).timeout({ seconds });
}

export type ImageHeader = {
  /** px, upright. */
  width: number;
  height: number;
  frames: number;
  hasAlpha: boolean;
  /** More channels than colours and one for transparency: TIFF may hold infrared, masks or spot colours, too. */
  hasExtraChannels: boolean;
  exif: Buffer | undefined;
  icc: Buffer | undefined;
  orientation: number;
  /** Of HEIF: `hevc`, `av1`. */
  codec: string | undefined;
};

/**
 * What libvips can open of a file: the file itself, or what libheif makes of it. Asked only of what is inside the limits.
 * @throws {ProcessingFailure}
 */
export async function readable(file: string, header: ImageHeader, signal: AbortSignal): Promise<string | Buffer> {
  const { width, height, hasAlpha } = header;
  if (header.hasExtraChannels) return coloursAlone(file, width * height);
  if (header.codec !== 'hevc') return file;
  const icc = header.icc ?? (saysDisplayP3(await readFile(file)) ? await displayP3Icc() : undefined);
  return decodeHeic(file, { maxPixels: width * height, hasAlpha, icc }, signal);
}

/**
 * The picture with its colour channels only. Done before any scaling: libvips uses the last channel as transparency when
 * it scales, and colours would be lost wherever that channel is 0.
 */
const coloursAlone = (file: string, maxPixels: number): Promise<Buffer> =>
  orImageFailure(openImage(file, maxPixels).keepMetadata().removeAlpha().tiff({ compression: 'deflate' }).toBuffer());

/** Channels of the colour itself, by libvips' name of the colour space. */
const colourChannels: Record<string, number> = { 'b-w': 1, grey16: 1, cmyk: 4 };

/**
 * Reads what a picture says of itself, decoding nothing, so whatever size it claims. Every picture of others comes here
 * first: nothing else may open one whose metadata was not found bearable. @throws {ProcessingFailure}
 */
export async function readHeader(input: string | Buffer): Promise<ImageHeader> {
  await refuseCostlyMetadata(input);
  const header = await orImageFailure(sharp(input, { failOn: 'error', limitInputPixels: false }).metadata());
  return {
    width: header.autoOrient.width,
    height: header.autoOrient.height,
    frames: header.pages ?? 1,
    hasAlpha: header.hasAlpha,
    hasExtraChannels: header.channels > (colourChannels[header.space] ?? 3) + 1,
    exif: header.exif,
    icc: header.icc,
    orientation: header.orientation ?? 1,
    codec: header.compression,
  };
}

/** What of a picture is over its limit: asked before decoding, for a few kilobytes can claim gigabytes. */
export function excessOf(
  header: ImageHeader,
  limits: PhotoLimits,
): 'too_many_frames' | 'too_large_dimensions' | 'too_many_pixels' | undefined {
  if (header.frames > limits.maxFrames) return 'too_many_frames';
  if (header.width * header.height * header.frames > limits.maxPixels) return 'too_many_pixels';
  return Math.max(header.width, header.height) > maxPhotoSide ? 'too_large_dimensions' : undefined;
}

/** What libvips says when it gives up, first match wins. */
const causes: readonly [RegExp, FailureCode][] = [
  // Before all others: libheif complains of seeks in any AVIF, also in one that is whole.
  [/timeout: \d+% complete/, 'timed_out'],
  [/exceeds pixel limit|exceeds libvips limit/, 'too_many_pixels'],
  [
    /unsupported image format|exceeds channel limit|Support for this compression format|bad seek to|Unsupported (codec|feature)/i,
    'unsupported_codec',
  ],
  [/No space left|ENOSPC/, 'storage_full'],
  [/out of memory|Cannot allocate/i, 'out_of_memory'],
];

/** @throws {ProcessingFailure} `corrupt_input` when libvips gives no other reason */
export async function orImageFailure<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = causes.find(([pattern]) => pattern.test(message))?.[1] ?? 'corrupt_input';
    throw new ProcessingFailure(code, message, { cause: error });
  }
}

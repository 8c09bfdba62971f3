import { readFile } from 'node:fs/promises';
import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { refuseCostlyMetadata } from './costly-metadata.js';
import { displayP3Icc, declaresDisplayP3 } from './display-p3.js';
import { ProcessingFailure, type FailureCode } from '../run/failure.js';
import { decodeHeic } from './heic.js';
import { maxPhotoSide, type PhotoLimits } from '../run/limits.js';

// Each picture is read once: a cache would only use memory.
sharp.cache(false);
// Several pictures are processed in parallel: more threads for each would use memory and save no time.
sharp.concurrency(1);

/** Opens a picture so that damaged data is an error and not a grey area. @param seconds time limit */
export function openImage(input: string | Buffer, maxPixels: number, options: SharpOptions = {}, seconds = 120): Sharp {
  return sharp(input, { failOn: 'error', limitInputPixels: maxPixels, ...options }).timeout({ seconds });
}

export type ImageHeader = {
  /** px, upright. */
  width: number;
  height: number;
  frames: number;
  hasAlpha: boolean;
  /** More channels than those of colour and transparency: TIFF may contain infrared, masks or spot colours. */
  hasExtraChannels: boolean;
  exif: Buffer | undefined;
  icc: Buffer | undefined;
  orientation: number;
  /** Later passes complete earlier ones: all of it is in memory until the last one. */
  isInterlaced: boolean;
  /** For HEIF: `hevc` or `av1`. */
  codec: string | undefined;
};

/**
 * The picture in a form that libvips decodes: the file itself, or one that is converted. To be called after the limits
 * were checked.
 * @throws {ProcessingFailure}
 */
export async function libvipsInput(file: string, header: ImageHeader, signal: AbortSignal): Promise<string | Buffer> {
  const { width, height, hasAlpha } = header;
  if (header.hasExtraChannels) return withoutExtraChannels(file, width * height);
  if (header.codec !== 'hevc') return file;
  const icc = header.icc ?? (declaresDisplayP3(await readFile(file)) ? await displayP3Icc() : undefined);
  return decodeHeic(file, { maxPixels: width * height, hasAlpha, icc }, signal);
}

/**
 * The picture with its colour channels only. Must precede scaling, for which libvips uses the last channel as
 * transparency: colours would be lost wherever it is 0.
 */
const withoutExtraChannels = (file: string, maxPixels: number): Promise<Buffer> =>
  orImageFailure(openImage(file, maxPixels).keepMetadata().removeAlpha().tiff({ compression: 'deflate' }).toBuffer());

/** Number of colour channels, by libvips' name of the colour space. Three in all others. */
const colourChannels: Record<string, number> = { 'b-w': 1, grey16: 1, cmyk: 4 };

/**
 * Reads the header without decoding, whatever size it declares. Must be called before anything else opens an untrusted
 * picture, because it checks what reading the metadata costs. @throws {ProcessingFailure}
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
    isInterlaced: header.isProgressive === true,
    codec: header.compression,
  };
}

/** The limit that a picture exceeds. To be checked before decoding: a few kilobytes can declare gigabytes of pixels. */
export function exceededLimit(
  header: ImageHeader,
  limits: PhotoLimits,
): 'too_many_frames' | 'too_large_dimensions' | 'too_many_pixels' | undefined {
  if (header.frames > limits.maxFrames) return 'too_many_frames';
  if (header.width * header.height * header.frames > limits.maxPixels) return 'too_many_pixels';
  return Math.max(header.width, header.height) > maxPhotoSide ? 'too_large_dimensions' : undefined;
}

/** Patterns in libvips' error messages; the first match wins. */
const causes: readonly [RegExp, FailureCode][] = [
  // Before all others: for AVIF, libheif reports bad seeks in addition to a timeout, even if the file is undamaged.
  [/timeout: \d+% complete/, 'timed_out'],
  [/exceeds pixel limit|exceeds libvips limit/, 'too_many_pixels'],
  [
    /unsupported image format|exceeds channel limit|Support for this compression format|bad seek to|Unsupported (codec|feature)/i,
    'unsupported_codec',
  ],
  [/No space left|ENOSPC/, 'storage_full'],
  [/out of memory|Cannot allocate/i, 'out_of_memory'],
];

/** @throws {ProcessingFailure} `corrupt_input` if libvips gives no other reason */
export async function orImageFailure<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = causes.find(([pattern]) => pattern.test(message))?.[1] ?? 'corrupt_input';
    throw new ProcessingFailure(code, message, { cause: error });
  }
}

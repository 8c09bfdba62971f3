import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import sharp, { type Raw, type Sharp } from 'sharp';
import { readKeptExif, type KeptExif } from './exif.js';
import { ProcessingFailure } from '../run/failure.js';
import type { Format } from '../run/formats.js';
import { imageSizes, sizeFormats, type SizeFormat, type SizeName } from './image-sizes.js';
import type { PhotoLimits } from '../run/limits.js';
import { exceededLimit, openImage, orImageFailure, libvipsInput, readHeader, type ImageHeader } from './pixels.js';
import { placeholderOf, type Placeholder } from './placeholder.js';
import { sniff } from '../accept/sniff.js';
import { strippers } from '../accept/strip.js';

/** Sizes of one picture that are encoded in parallel, one CPU each: users wait for photos. */
const maxParallel = 2;

export type Output = {
  name: SizeName | 'original';
  /** `webp`, `jpeg` or `avif` for derived sizes; the original keeps the format it came in. */
  format: string;
  path: string;
  mimeType: string;
  /** px */
  width: number;
  height: number;
  bytes: number;
};

type SizeOptions = {
  /** In addition to WebP and JPEG. */
  avif?: boolean | undefined;
  /** Time limit for decoding. */
  seconds?: number | undefined;
};

export type Sizes = Placeholder & { outputs: Output[] };

export type Photo = Sizes & {
  facts: { /** px, upright. */ width: number; height: number; mimeType: string; hasAlpha: boolean; frames: number };
};

/**
 * Every size of a photo, and the original without its metadata, as files in `dir`.
 * @throws {ProcessingFailure}
 */
export async function derivePhoto(
  input: string,
  dir: string,
  limits: PhotoLimits,
  signal: AbortSignal,
  options: SizeOptions = {},
): Promise<Photo> {
  const { format, mimeType } = await sniff(input);
  if (!format?.kinds.includes('photo')) throw new ProcessingFailure('unsupported_codec', `found ${mimeType}`);
  const header = await readHeader(input);
  const sizes = await deriveSizes(input, header, dir, limits, signal, options);
  signal.throwIfAborted();
  const original = await writeOriginal(input, format, header, dir, limits);
  const { width, height, hasAlpha, frames } = header;
  return {
    facts: { width, height, mimeType: format.mimeType, hasAlpha, frames },
    ...sizes,
    outputs: [...sizes.outputs, original],
  };
}

/** The derived sizes alone, of any picture: a photo, a poster, a cover. @throws {ProcessingFailure} */
export async function deriveSizes(
  input: string | Buffer,
  header: ImageHeader,
  dir: string,
  limits: PhotoLimits,
  signal: AbortSignal,
  { avif = false, seconds }: SizeOptions = {},
): Promise<Sizes> {
  const excess = exceededLimit(header, limits);
  if (excess) throw new ProcessingFailure(excess, `${header.width} × ${header.height} × ${header.frames}`);
  await mkdir(dir, { recursive: true });
  const source = typeof input === 'string' ? await libvipsInput(input, header, signal) : input;
  const raster = await decode(source, limits.maxPixels, seconds);
  const keptExif = readKeptExif(header.exif);
  const limit = pLimit(maxParallel);
  const wanted = imageSizes.flatMap((size) =>
    [...size.formats, ...(avif && size.avif ? (['avif'] as const) : [])].map((format) => ({ ...size, format })),
  );
  const writing = wanted.map(({ name, width, height, format }) =>
    limit(() => {
      signal.throwIfAborted();
      return write(withCopyright(fit(raster(), width, height), keptExif), name, format, dir);
    }),
  );
  // Waits for all, even if one fails: none may still write to the folder when it is removed.
  await Promise.allSettled(writing);
  const outputs = await Promise.all(writing);
  return { ...(await orImageFailure(placeholderOf(raster()))), outputs };
}

/** Decodes once: upright, in sRGB, not larger than the largest size. All sizes are made from these pixels. */
async function decode(input: string | Buffer, maxPixels: number, seconds?: number): Promise<() => Sharp> {
  const [largest] = imageSizes;
  const image = fit(
    openImage(input, maxPixels, {}, seconds).autoOrient(),
    largest!.width,
    largest!.height,
  ).toColourspace('srgb');
  const { data, info } = await orImageFailure(image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }));
  const raw: Raw = { width: info.width, height: info.height, channels: info.channels };
  return () => sharp(data, { raw });
}

const fit = (image: Sharp, width: number, height: number) =>
  image.resize(width, height, { fit: 'inside', withoutEnlargement: true });

export const withCopyright = (image: Sharp, { copyright }: KeptExif) =>
  copyright === undefined ? image : image.withExif({ IFD0: { Copyright: copyright } });

async function write(image: Sharp, name: SizeName, format: SizeFormat, dir: string): Promise<Output> {
  const { mimeType, extension, encode } = sizeFormats[format];
  const file = path.join(dir, `${name}.${extension}`);
  const { width, height, size } = await orImageFailure(encode(image).toFile(file));
  return { name, format, path: file, mimeType, width, height, bytes: size };
}

async function writeOriginal(
  input: string,
  format: Format,
  header: ImageHeader,
  dir: string,
  limits: PhotoLimits,
): Promise<Output> {
  const file = path.join(dir, `original.${format.extension}`);
  const strip = strippers[format.name];
  const keptExif = readKeptExif(header.exif);
  if (strip) await store(file, strip(await readFile(input), keptExif));
  else await reencode(openImage(input, limits.maxPixels), keptExif, file);
  const { size } = await stat(file);
  const { width, height } = header;
  return { name: 'original', format: format.name, path: file, mimeType: format.mimeType, width, height, bytes: size };
}

/** In TIFF, offsets link pixels and metadata: lossless re-encoding is simpler than removing the metadata in place. */
const reencode = (image: Sharp, keptExif: KeptExif, file: string) =>
  orImageFailure(
    withCopyright(image.autoOrient().keepIccProfile(), keptExif).tiff({ compression: 'deflate' }).toFile(file),
  );

async function store(file: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    const isFull = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
    throw isFull ? new ProcessingFailure('storage_full', 'original', { cause: error }) : error;
  }
}

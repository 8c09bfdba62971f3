import type { Check } from './accept.js';
import { maxPhotoSide, type PhotoLimits } from '../run/limits.js';
import { exceededLimit, openImage, orImageFailure, readHeader, type ImageHeader } from '../image/pixels.js';
import { Refused } from './refusal.js';

export const checkPhoto: Check = async (path, format, { photo }) => {
  const header = await readHeader(path);
  const excess = exceededLimit(header, photo);
  if (excess) throw refusals[excess](header, photo);
  // Where that takes seconds or gigabytes, too much for a process that answers requests, the worker detects damage.
  if (isCheap(format.name, header)) await checkDecodes(path, photo.maxPixels);
  return {
    mimeType: format.mimeType,
    extension: format.extension,
    container: format.name,
    width: header.width,
    height: header.height,
  };
};

/** Decoded whole, 16 bits a channel: 128 MB. */
const maxWholePixels = 16_000_000;
/** Decoded line by line, unless they are interlaced. */
const byLine: ReadonlySet<string> = new Set(['jpeg', 'png']);

function isCheap(format: string, { width, height, frames, isInterlaced, codec }: ImageHeader): boolean {
  if (codec === 'hevc' || codec === 'av1') return false;
  return (byLine.has(format) && !isInterlaced) || width * height * frames <= maxWholePixels;
}

const refusals = {
  too_many_frames: ({ frames }: ImageHeader, { maxFrames }: PhotoLimits) =>
    new Refused('too_many_frames', `The picture has ${frames} frames; at most ${maxFrames} are allowed.`, {
      frames,
      maxFrames,
    }),
  too_large_dimensions: ({ width, height }: ImageHeader) =>
    new Refused(
      'too_large_dimensions',
      `The picture is ${width} × ${height} px; at most ${maxPhotoSide} px are allowed on a side.`,
      { width, height, maxSide: maxPhotoSide },
    ),
  too_many_pixels: ({ width, height, frames }: ImageHeader, { maxPixels }: PhotoLimits) => {
    const pixels = width * height * frames;
    const size = `${width} × ${height}${frames > 1 ? ` in ${frames} frames` : ''}`;
    const message = `The picture has ${pixels} pixels (${size}); at most ${maxPixels} are allowed.`;
    return new Refused('too_many_pixels', message, { pixels, width, height, frames, maxPixels });
  },
};

/** The client waits for it; a hundred million pixels in forty progressive passes take ten seconds. */
const checkSeconds = 30;

/** Decodes to a small size, which is cheaper where the format can shrink on load; still reads the whole file. */
async function checkDecodes(path: string, maxPixels: number): Promise<void> {
  const image = openImage(path, maxPixels, { sequentialRead: true }, checkSeconds);
  await orImageFailure(image.resize(64, 64, { fit: 'inside' }).raw().toBuffer());
}

import { createInflate } from 'node:zlib';
import type { WindowedReader } from '../run/windowed-reader.js';
import { maxParts, tooCostly } from './costly.js';
import type { ExifCost } from './exif-cost.js';

/** Real pictures have a dozen, and a few megabytes. */
const limits = { metadataChunks: 1_000, inflatedBytes: 16 * 1024 * 1024 } as const;

const pngPixels = new Set(['IDAT', 'fdAT', 'fcTL']);
const pngDeflated = new Set(['zTXt', 'iTXt', 'iCCP']);

/** @throws {ProcessingFailure} `corrupt_input` */
export async function walkPng(file: WindowedReader, exif: ExifCost): Promise<void> {
  let metadataChunks = 0;
  let inflated = 0;
  let at = 8;
  for (let part = 0; at + 12 <= file.length; part++) {
    if (part > maxParts) throw tooCostly('chunks');
    const head = await file.read(at, 8);
    const length = head.readUInt32BE();
    const type = head.toString('latin1', 4);
    if (type === 'IEND') return;
    if (!pngPixels.has(type) && ++metadataChunks > limits.metadataChunks) throw tooCostly('chunks');
    if (pngDeflated.has(type)) {
      const data = deflatedIn(type, await file.read(at + 8, Math.min(length, file.length - at - 8)));
      if (data) inflated += await inflatedLength(data, limits.inflatedBytes - inflated);
      if (inflated > limits.inflatedBytes) throw tooCostly('inflated text');
    }
    if (type === 'eXIf') exif.add(await file.read(at + 8, Math.min(length, file.length - at - 8)));
    at += 12 + length;
  }
}

/** PNG, 11.3.2.3 and 11.3.3: what follows a chunk's names and its method of compression. */
function deflatedIn(type: string, data: Buffer): Buffer | undefined {
  const keywordEnd = data.indexOf(0);
  if (keywordEnd < 0) return undefined;
  if (type !== 'iTXt') return data.subarray(keywordEnd + 2);
  if (data[keywordEnd + 1] !== 1) return undefined;
  const languageEnd = data.indexOf(0, keywordEnd + 3);
  const translationEnd = languageEnd < 0 ? -1 : data.indexOf(0, languageEnd + 1);
  return translationEnd < 0 ? undefined : data.subarray(translationEnd + 1);
}

/** Stops soon after `most`. Of damaged data, what comes before the damage: that is inflated, too. */
async function inflatedLength(data: Buffer, most: number): Promise<number> {
  let length = 0;
  const inflate = createInflate();
  inflate.end(data);
  try {
    for await (const piece of inflate) {
      length += (piece as Buffer).length;
      if (length > most) break;
    }
  } catch {
    // Damaged text is no reason to refuse a picture: libvips ignores it.
  }
  return length;
}

import { createInflate } from 'node:zlib';
import { ProcessingFailure } from '../run/failure.js';
import { maxParts } from '../run/limits.js';
import { WindowedReader } from '../run/windowed-reader.js';
import { refuseFrame, walkGif, walkTiff } from './count-frames.js';
import { ExifCost } from './exif-cost.js';

const tooCostly = (what: string) => new ProcessingFailure('corrupt_input', `metadata too costly to read: ${what}`);

/**
 * To be called before libvips opens an untrusted picture: libvips reads all metadata before the first pixel, inflates
 * what is compressed and follows each EXIF pointer, so that kilobytes can cost gigabytes and seconds.
 * @throws {ProcessingFailure} `corrupt_input`, `too_many_frames`
 */
export async function refuseCostlyMetadata(input: string | Buffer): Promise<void> {
  await using file = await WindowedReader.open(input);
  const exif = new ExifCost();
  const start = (await file.read(0, 12)).toString('latin1');
  if (start.startsWith('\x89PNG')) await walkPng(file, exif);
  else if (start.startsWith('\xff\xd8')) await walkJpeg(file, exif);
  else if (start.startsWith('RIFF') && start.endsWith('WEBP')) await walkWebp(file, exif);
  else if (start.startsWith('GIF8')) await walkGif(file);
  else if (/^(II[*+]\0|MM\0[*+])/.test(start)) await walkTiff(file);
}

/** Real pictures have a dozen chunks of metadata, and a few megabytes. */
const pngLimits = { metadataChunks: 1_000, inflatedBytes: 16 * 1024 * 1024 } as const;

const pngPixels = new Set(['IDAT', 'fdAT', 'fcTL']);
const pngDeflated = new Set(['zTXt', 'iTXt', 'iCCP']);

/** PNG 3rd edition, 5.3. */
async function walkPng(file: WindowedReader, exif: ExifCost): Promise<void> {
  let metadataChunks = 0;
  let inflated = 0;
  let at = 8;
  for (let part = 0; at + 12 <= file.length; part++) {
    if (part > maxParts) throw tooCostly('chunks');
    const head = await file.read(at, 8);
    const length = head.readUInt32BE();
    const type = head.toString('latin1', 4);
    if (type === 'IEND') return;
    if (!pngPixels.has(type) && ++metadataChunks > pngLimits.metadataChunks) throw tooCostly('chunks');
    if (pngDeflated.has(type)) {
      const data = deflatedIn(type, await file.read(at + 8, Math.min(length, file.length - at - 8)));
      if (data) inflated += await inflatedLength(data, pngLimits.inflatedBytes - inflated);
      if (inflated > pngLimits.inflatedBytes) throw tooCostly('compressed text');
    }
    if (type === 'eXIf') exif.add(await file.read(at + 8, Math.min(length, file.length - at - 8)));
    at += 12 + length;
  }
}

/** PNG 3rd edition, 11.3.2.3 and 11.3.3: the data after a chunk's names and its compression method. */
function deflatedIn(type: string, data: Buffer): Buffer | undefined {
  const keywordEnd = data.indexOf(0);
  if (keywordEnd < 0) return undefined;
  if (type !== 'iTXt') return data.subarray(keywordEnd + 2);
  if (data[keywordEnd + 1] !== 1) return undefined;
  const languageEnd = data.indexOf(0, keywordEnd + 3);
  const translationEnd = languageEnd < 0 ? -1 : data.indexOf(0, languageEnd + 1);
  return translationEnd < 0 ? undefined : data.subarray(translationEnd + 1);
}

/** Stops soon after `maxBytes`. Counts damaged data up to the damage, because libvips inflates that, too. */
async function inflatedLength(data: Buffer, maxBytes: number): Promise<number> {
  let length = 0;
  const inflate = createInflate();
  inflate.end(data);
  try {
    for await (const piece of inflate) {
      length += (piece as Buffer).length;
      if (length > maxBytes) break;
    }
  } catch {
    // libvips ignores damaged text, so it is no reason to refuse the picture.
  }
  return length;
}

const jpeg = { fill: 0xff, rst0: 0xd0, soi: 0xd8, eoi: 0xd9, sos: 0xda, tem: 0x01, exif: 0xe1 } as const;

/** ITU-T T.81, annex B: the segments before the first scan. */
async function walkJpeg(file: WindowedReader, exif: ExifCost): Promise<void> {
  let at = 2;
  for (let part = 0; at + 4 <= file.length; part++) {
    if (part > maxParts) throw tooCostly('segments');
    const head = await file.read(at, 4);
    const code = head[1]!;
    if (code === jpeg.sos || code === jpeg.eoi) return;
    // Not at a marker: decoders skip to the next one.
    if (head[0] !== jpeg.fill || code === jpeg.fill) at += 1;
    else if ((code >= jpeg.rst0 && code <= jpeg.soi) || code <= jpeg.tem) at += 2;
    else {
      const length = head.readUInt16BE(2);
      if (code === jpeg.exif) exif.add(await file.read(at + 4, Math.max(0, length - 2)));
      at += 2 + length;
    }
  }
}

/** RFC 9649, 2.3. */
async function walkWebp(file: WindowedReader, exif: ExifCost): Promise<void> {
  let at = 12;
  let frames = 0;
  for (let part = 0; at + 8 <= file.length; part++) {
    if (part > maxParts) throw tooCostly('chunks');
    const head = await file.read(at, 8);
    const length = head.readUInt32LE(4);
    const type = head.toString('latin1', 0, 4);
    if (type === 'ANMF') refuseFrame(++frames);
    if (type === 'EXIF') exif.add(await file.read(at + 8, Math.min(length, file.length - at - 8)));
    at += 8 + length + (length % 2);
  }
}

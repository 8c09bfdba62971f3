import { WindowedReader } from '../run/windowed-reader.js';
import { maxParts, tooCostly } from './costly.js';
import { walkPng } from './costly-png.js';
import { ExifCost } from './exif-cost.js';

/**
 * To be asked before libvips opens a picture of others: it reads all metadata before the first pixel, inflates what is
 * compressed and follows each pointer of EXIF, so kilobytes can cost gigabytes and seconds.
 * @throws {ProcessingFailure} `corrupt_input`
 */
export async function refuseCostlyMetadata(input: string | Buffer): Promise<void> {
  await using file = await WindowedReader.open(input);
  const exif = new ExifCost();
  const start = (await file.read(0, 12)).toString('latin1');
  if (start.startsWith('\x89PNG')) await walkPng(file, exif);
  else if (start.startsWith('\xff\xd8')) await walkJpeg(file, exif);
  else if (start.startsWith('RIFF') && start.endsWith('WEBP')) await walkWebp(file, exif);
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
    // Decoders look for the next marker.
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
  for (let part = 0; at + 8 <= file.length; part++) {
    if (part > maxParts) throw tooCostly('chunks');
    const head = await file.read(at, 8);
    const length = head.readUInt32LE(4);
    if (head.toString('latin1', 0, 4) === 'EXIF')
      exif.add(await file.read(at + 8, Math.min(length, file.length - at - 8)));
    at += 8 + length + (length % 2);
  }
}

import { writeKeptExif, type KeptExif } from '../image/exif.js';
import { ProcessingFailure } from '../run/failure.js';
import { KeptBytes, isAt } from './kept-bytes.js';

const marker = { soi: 0xd8, eoi: 0xd9, sos: 0xda, rst0: 0xd0, rst7: 0xd7, tem: 0x01, com: 0xfe } as const;
const app = { jfif: 0xe0, exif: 0xe1, icc: 0xe2, adobe: 0xee, last: 0xef } as const;

/** Bytes. Profiles of printing presses have two or three megabytes; anything longer is not a profile. */
export const maxProfileBytes = 4 * 1024 * 1024;

/** Application segments that affect how pixels look, by marker and leading name. */
const kept: ReadonlyMap<number, string> = new Map([
  [app.jfif, 'JFIF\0'],
  [app.icc, 'ICC_PROFILE\0'],
  [app.adobe, 'Adobe'],
]);

/**
 * ITU-T T.81, annex B: copies segments and scans up to the first end of image. EXIF, XMP, IPTC, comments, thumbnails
 * and the index of further images are dropped, with those images.
 */
export function stripJpeg(bytes: Buffer, keep: KeptExif): Buffer {
  const tiff = writeKeptExif(keep);
  const exif = tiff && segment(app.exif, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]));
  return strip(bytes, exif, true);
}

function strip(bytes: Buffer, exif: Buffer | undefined, withProfile: boolean): Buffer {
  const result = new KeptBytes(bytes, exif?.length ?? 0);
  result.keep(0, 2);
  let isExifWritten = !exif;
  let profileBytes = 0;
  let at = 2;
  while (at + 2 <= bytes.length) {
    if (bytes[at] !== 0xff) throw new ProcessingFailure('corrupt_input', `JPEG: no marker at ${at}`);
    const code = bytes[at + 1]!;
    // Fill bytes before a marker.
    if (code === 0xff) {
      at += 1;
      continue;
    }
    // Standalone markers mean nothing between segments: decoders skip any number of them.
    if ((code >= marker.rst0 && code <= marker.soi) || code === marker.tem) {
      at += 2;
      continue;
    }
    // JFIF must come first; EXIF follows it.
    if (!isExifWritten && code !== app.jfif) {
      result.add(exif!);
      isExifWritten = true;
    }
    const length = code === marker.eoi || at + 4 > bytes.length ? 0 : bytes.readUInt16BE(at + 2);
    const end = code === marker.sos ? endOfScan(bytes, at + 2 + length) : at + 2 + length;
    if (isKept(bytes, at, code) && (code !== app.icc || withProfile)) {
      result.keep(at, end);
      // A profile is split into segments, so its length is known only after some were kept: start over without it.
      if (code === app.icc) profileBytes += end - at;
      if (profileBytes > maxProfileBytes) return strip(bytes, exif, false);
    }
    if (code === marker.eoi) return result.all();
    at = end;
  }
  throw new ProcessingFailure('corrupt_input', 'JPEG: no end of image');
}

function isKept(bytes: Buffer, at: number, code: number): boolean {
  if (code === marker.com) return false;
  if (code < app.jfif || code > app.last) return true;
  const name = kept.get(code);
  return name !== undefined && isAt(bytes, at + 4, name);
}

/** Position of the next marker that is neither a stuffed byte nor a restart. */
function endOfScan(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1]!;
    const isData = next === 0x00 || next === 0xff || (next >= marker.rst0 && next <= marker.rst7);
    if (!isData) return at;
  }
  return bytes.length;
}

function segment(code: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, code, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

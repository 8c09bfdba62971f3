import { writeRights, type Rights } from './exif.js';
import { ProcessingFailure } from './failure.js';

const marker = { soi: 0xd8, eoi: 0xd9, sos: 0xda, rst0: 0xd0, rst7: 0xd7, tem: 0x01, com: 0xfe } as const;
const app = { jfif: 0xe0, exif: 0xe1, icc: 0xe2, adobe: 0xee, last: 0xef } as const;

/** Bytes. Profiles of printing presses have two or three megabytes; what is longer than that is no profile. */
export const longestProfile = 4 * 1024 * 1024;

/** Application segments that decide how pixels look, by marker and the name they begin with. */
const kept: readonly (readonly [number, string])[] = [
  [app.jfif, 'JFIF\0'],
  [app.icc, 'ICC_PROFILE\0'],
  [app.adobe, 'Adobe'],
];

/**
 * ITU-T T.81, annex B: copies segment by segment and scan by scan up to the first end of image.
 * EXIF, XMP, IPTC, comments, thumbnails and the index of further images go, and those images with them.
 */
export function stripJpeg(bytes: Buffer, keep: Rights): Buffer {
  const parts: Buffer[] = [bytes.subarray(0, 2)];
  const profile = new Set<Buffer>();
  const tiff = writeRights(keep);
  const exif = tiff && segment(app.exif, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]));
  let isExifWritten = !exif;
  let at = 2;
  while (at + 2 <= bytes.length) {
    if (bytes[at] !== 0xff) throw new ProcessingFailure('corrupt_input', `JPEG: no marker at ${at}`);
    const code = bytes[at + 1]!;
    // Fill bytes before a marker.
    if (code === 0xff) {
      at += 1;
      continue;
    }
    const isBare = (code >= marker.rst0 && code <= marker.soi) || code === marker.tem;
    const end =
      code === marker.eoi || isBare ? at + 2 : at + 2 + (at + 4 <= bytes.length ? bytes.readUInt16BE(at + 2) : 0);
    // JFIF asks to be first; EXIF comes right behind it.
    if (!isExifWritten && code !== app.jfif) {
      parts.push(exif!);
      isExifWritten = true;
    }
    if (isKept(bytes, at, code)) {
      const part = bytes.subarray(at, end);
      parts.push(part);
      if (code === app.icc) profile.add(part);
    }
    if (code === marker.eoi) return Buffer.concat(isTooLong(profile) ? parts.filter((p) => !profile.has(p)) : parts);
    at = end;
    if (code !== marker.sos) continue;
    const scanEnd = endOfScan(bytes, at);
    parts.push(bytes.subarray(at, scanEnd));
    at = scanEnd;
  }
  throw new ProcessingFailure('corrupt_input', 'JPEG: no end of image');
}

const isTooLong = (profile: Set<Buffer>) => [...profile].reduce((sum, { length }) => sum + length, 0) > longestProfile;

function isKept(bytes: Buffer, at: number, code: number): boolean {
  if (code === marker.com) return false;
  if (code < app.jfif || code > app.last) return true;
  return kept.some(([of, name]) => code === of && bytes.toString('latin1', at + 4, at + 4 + name.length) === name);
}

/** Where the next marker stands that is neither a stuffed byte nor a restart. */
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

import { crc32 } from 'node:zlib';
import { writeKeptExif, type KeptExif } from '../image/exif.js';
import { ProcessingFailure } from '../run/failure.js';
import { KeptBytes, isAt } from './kept-bytes.js';
import { stripHeif } from './strip-heif.js';
import { maxProfileBytes, stripJpeg } from './strip-jpeg.js';

/**
 * Removes metadata from a picture without touching its pixels: everything not needed to show it is dropped, including
 * what follows its end (second images, motion clips, archives). Orientation, copyright and colour profile stay.
 */
type Strip = (bytes: Buffer, keep: KeptExif) => Buffer;

/** By format name; formats that are missing must be re-encoded. */
export const strippers: Partial<Record<string, Strip>> = {
  jpeg: stripJpeg,
  png: stripPng,
  webp: stripWebp,
  gif: stripGif,
  avif: stripHeif,
  heif: stripHeif,
};

/** A chunk type as a number: there may be millions of chunks, and a number costs no string. */
const numberOf = (type: string) => Buffer.from(type, 'latin1').readUInt32BE();

/** Chunks that affect how pixels look (PNG 3rd edition, 11.3 and table 7). Text, time, EXIF and unknown ones do not. */
const pngChunks = new Set(
  'IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT pHYs bKGD hIST sPLT acTL fcTL fdAT'
    .split(' ')
    .map(numberOf),
);
const [ihdr, iccp, iend] = ['IHDR', 'iCCP', 'IEND'].map(numberOf);
const pngSignatureBytes = 8;

function stripPng(bytes: Buffer, keep: KeptExif): Buffer {
  const exif = writeKeptExif(keep);
  let exifChunk = exif && pngChunk('eXIf', exif);
  const result = new KeptBytes(bytes, exifChunk?.length ?? 0);
  result.keep(0, pngSignatureBytes);
  for (let at = pngSignatureBytes; at + 12 <= bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    const type = bytes.readUInt32BE(at + 4);
    const isOversized = type === iccp && end - at > maxProfileBytes;
    if (pngChunks.has(type) && !isOversized) result.keep(at, end);
    if (type === ihdr && exifChunk) {
      result.add(exifChunk);
      exifChunk = undefined;
    }
    if (type === iend) return result.all();
    at = end;
  }
  throw new ProcessingFailure('corrupt_input', 'PNG without IEND');
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** RFC 9649, 2.7: chunks of an extended file, and the flags in VP8X that declare them. */
const webpChunks = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP'].map(numberOf));
const webpStart = 12;
const webpFlags = webpStart + 8;
const webpExifFlag = 0x08;
const webpXmpFlag = 0x04;
const webpIccFlag = 0x20;

function stripWebp(bytes: Buffer, keep: KeptExif): Buffer {
  const exif = writeKeptExif(keep);
  const exifChunk = exif && riffChunk('EXIF', exif);
  const parts = new KeptBytes(bytes, 1 + (exifChunk?.length ?? 0));
  parts.keep(0, webpStart);
  let removedFlags = webpExifFlag | webpXmpFlag;
  const fileEnd = Math.min(bytes.length, 8 + bytes.readUInt32LE(4));
  for (let at = webpStart; at + 8 <= fileEnd;) {
    const size = bytes.readUInt32LE(at + 4);
    const end = at + 8 + size + (size % 2);
    const isOversized = size > maxProfileBytes && isAt(bytes, at, 'ICCP');
    if (isOversized) removedFlags |= webpIccFlag;
    else if (webpChunks.has(bytes.readUInt32BE(at))) parts.keep(at, Math.min(end, fileEnd));
    at = end;
  }
  // Some writers omit the padding byte of the last chunk.
  if (parts.all().length % 2) parts.add(Buffer.alloc(1));
  // EXIF needs the extended header. A file without it had no metadata to keep.
  const isExtended = isAt(parts.all(), webpStart, 'VP8X');
  if (exifChunk && isExtended) parts.add(exifChunk);
  const result = parts.all();
  result.writeUInt32LE(result.length - 8, 4);
  if (isExtended) result[webpFlags] = (result[webpFlags]! & ~removedFlags) | (exifChunk ? webpExifFlag : 0);
  return result;
}

function riffChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

const gifTrailer = 0x3b;
const gifImage = 0x2c;
const gifExtension = 0x21;
const gifGraphicControl = 0xf9;
const gifApplication = 0xff;
const gifLoops = ['NETSCAPE2.0', 'ANIMEXTS1.0'];

/** GIF89a: comments, plain text and application blocks are dropped, the loop count stays. GIF has no orientation. */
function stripGif(bytes: Buffer): Buffer {
  const colours = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const result = new KeptBytes(bytes, 1);
  let at = 13 + colours(bytes[10] ?? 0);
  result.keep(0, at);
  while (at < bytes.length) {
    const start = at;
    const [kind, label] = [bytes[at], bytes[at + 1]];
    // An image: its descriptor, colour table and LZW code size.
    if (kind === gifImage) at += 10 + colours(bytes[at + 9] ?? 0) + 1;
    else if (kind === gifExtension) at += 2;
    else break;
    while (bytes[at]) at += bytes[at]! + 1;
    at += 1;
    const isLoop = label === gifApplication && gifLoops.some((name) => isAt(bytes, start + 3, name));
    if (kind === gifImage || label === gifGraphicControl || isLoop) result.keep(start, at);
  }
  // Decoders accept a GIF without its trailer, so this must not fail.
  result.add(Buffer.of(gifTrailer));
  return result.all();
}

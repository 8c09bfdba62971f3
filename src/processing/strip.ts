import { crc32 } from 'node:zlib';
import { writeRights, type Rights } from './exif.js';
import { ProcessingFailure } from './failure.js';
import { stripHeif } from './strip-heif.js';
import { longestProfile, stripJpeg } from './strip-jpeg.js';

/**
 * Takes the metadata out of a picture and leaves every pixel as it is: what is not needed to show it goes, and so does
 * whatever follows its end (second images, motion clips, archives). Orientation, copyright and colour profile stay.
 */
export type Strip = (bytes: Buffer, keep: Rights) => Buffer;

/** By the name of the format; one that is missing has to be encoded anew. */
export const strippers: Partial<Record<string, Strip>> = {
  jpeg: stripJpeg,
  png: stripPng,
  webp: stripWebp,
  gif: stripGif,
  avif: stripHeif,
  heif: stripHeif,
};

/** What decides how pixels look (PNG 3rd edition, 11.3 and table 7). Text, time, EXIF and unknown chunks do not. */
const pngChunks = new Set(
  'IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT pHYs bKGD hIST sPLT acTL fcTL fdAT'.split(' '),
);
const pngSignatureBytes = 8;

function stripPng(bytes: Buffer, keep: Rights): Buffer {
  const parts = [bytes.subarray(0, pngSignatureBytes)];
  const exif = writeRights(keep);
  for (let at = pngSignatureBytes; at + 12 <= bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const isLoad = type === 'iCCP' && end - at > longestProfile;
    if (pngChunks.has(type) && !isLoad) parts.push(bytes.subarray(at, end));
    if (type === 'IHDR' && exif) parts.push(pngChunk('eXIf', exif));
    if (type === 'IEND') return Buffer.concat(parts);
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

/** RFC 9649, 2.7: chunks of an extended file, and the flags in VP8X that announce them. */
const webpChunks = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP']);
const webpExifFlag = 0x08;
const webpXmpFlag = 0x04;
const webpIccFlag = 0x20;

function stripWebp(bytes: Buffer, keep: Rights): Buffer {
  const parts: Buffer[] = [];
  let header: Buffer | undefined;
  let gone = webpExifFlag | webpXmpFlag;
  const fileEnd = Math.min(bytes.length, 8 + bytes.readUInt32LE(4));
  for (let at = 12; at + 8 <= fileEnd;) {
    const size = bytes.readUInt32LE(at + 4);
    const end = at + 8 + size + (size % 2);
    const type = bytes.toString('latin1', at, at + 4);
    const chunk = Buffer.from(bytes.subarray(at, Math.min(end, fileEnd)));
    if (type === 'VP8X') header = chunk;
    const isLoad = type === 'ICCP' && size > longestProfile;
    if (isLoad) gone |= webpIccFlag;
    else if (webpChunks.has(type)) parts.push(chunk);
    at = end;
  }
  if (header) header[8] = header[8]! & ~gone;
  const exif = writeRights(keep);
  // A file without the extended header had no metadata to keep.
  if (exif && header) {
    header[8] = header[8]! | webpExifFlag;
    parts.push(riffChunk('EXIF', exif));
  }
  return riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP', 'latin1'), ...parts]));
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

/** GIF89a: comments, plain text and application blocks go, the loop count stays. There is no orientation to keep. */
function stripGif(bytes: Buffer): Buffer {
  const colours = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + colours(bytes[10] ?? 0);
  const parts = [bytes.subarray(0, at)];
  while (at < bytes.length) {
    const start = at;
    const [kind, label] = [bytes[at], bytes[at + 1]];
    if (kind === gifTrailer) return Buffer.concat([...parts, bytes.subarray(at, at + 1)]);
    // An image: its descriptor, its colours, the code size of its data.
    if (kind === gifImage) at += 10 + colours(bytes[at + 9] ?? 0) + 1;
    else if (kind === gifExtension) at += 2;
    else break;
    while (bytes[at]) at += bytes[at]! + 1;
    at += 1;
    const isLoop = label === gifApplication && gifLoops.includes(bytes.toString('latin1', start + 3, start + 14));
    if (kind === gifImage || label === gifGraphicControl || isLoop) parts.push(bytes.subarray(start, at));
  }
  // Decoders show a GIF that lacks its trailer, so it is no reason to fail.
  return Buffer.concat([...parts, Buffer.of(gifTrailer)]);
}

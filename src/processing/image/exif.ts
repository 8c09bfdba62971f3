/** The EXIF that is kept when metadata is removed. Orientation is 1..8 as in EXIF 2.32, 4.6.4. */
export type KeptExif = { orientation: number; copyright: string | undefined };

const orientationTag = 0x0112;
const copyrightTag = 0x8298;
const asciiType = 2;
const shortType = 3;
const prefix = Buffer.from('Exif\0\0', 'latin1');
const maxCopyrightBytes = 1000;

/** Reads the first directory of an EXIF block; what does not parse counts as absent. */
export function readKeptExif(exif: Buffer | undefined): KeptExif {
  const keptExif: KeptExif = { orientation: 1, copyright: undefined };
  if (!exif) return keptExif;
  const tiff = exif.subarray(prefix.equals(exif.subarray(0, prefix.length)) ? prefix.length : 0);
  const isLittle = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number) => (at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const long = (at: number) => (at + 4 > tiff.length ? 0 : isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const directory = long(4);
  const entries = Math.min(short(directory), 512);
  for (let entry = directory + 2; entry < directory + 2 + entries * 12; entry += 12) {
    const tag = short(entry);
    if (tag === orientationTag && short(entry + 8) >= 1 && short(entry + 8) <= 8)
      keptExif.orientation = short(entry + 8);
    if (tag === copyrightTag && short(entry + 2) === asciiType) {
      const length = long(entry + 4);
      const at = length > 4 ? long(entry + 8) : entry + 8;
      keptExif.copyright = text(tiff.subarray(at, at + Math.min(length, maxCopyrightBytes))) || undefined;
    }
  }
  return keptExif;
}

/** Photographer and editor are separated by NUL (EXIF 2.32, 4.6.4 Copyright). */
const text = (bytes: Buffer) =>
  bytes
    .toString('utf8')
    .split('\0')
    .map((part) => part.trim())
    .filter(Boolean)
    .join('; ');

/** A complete TIFF block with nothing else in it; undefined if there is nothing to keep. */
export function writeKeptExif({ orientation, copyright }: KeptExif): Buffer | undefined {
  const value = copyright === undefined ? undefined : Buffer.from(`${copyright}\0`, 'utf8');
  const entries = (orientation === 1 ? 0 : 1) + (value ? 1 : 0);
  if (!entries) return undefined;
  const end = 8 + 2 + entries * 12 + 4;
  const tiff = Buffer.alloc(end);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(entries, 8);
  let at = 10;
  if (orientation !== 1) {
    entry(orientationTag, shortType, 1);
    tiff.writeUInt16LE(orientation, at - 4);
  }
  if (!value) return tiff;
  entry(copyrightTag, asciiType, value.length);
  if (value.length <= 4) value.copy(tiff, at - 4);
  else tiff.writeUInt32LE(end, at - 4);
  return value.length <= 4 ? tiff : Buffer.concat([tiff, value]);

  function entry(tag: number, type: number, count: number) {
    tiff.writeUInt16LE(tag, at);
    tiff.writeUInt16LE(type, at + 2);
    tiff.writeUInt32LE(count, at + 4);
    at += 12;
  }
}

import { boxesIn, type Box } from './boxes.js';
import { writeKeptExif, type KeptExif } from '../image/exif.js';
import { ProcessingFailure } from '../run/failure.js';

/** Top-level boxes of the picture; a phone may add a video clip with its own location and time. */
const kept = new Set(['ftyp', 'meta', 'mdat', 'idat', 'pdin', 'free']);
/** Brands of files whose pictures follow each other in time, as the tracks of a `moov` (ISO/IEC 23008-12, 7). */
const sequences = new Set(['msf1', 'hevc', 'hevx', 'avis']);
const metadataBoxes = new Set(['udta', 'meta', 'uuid']);
const metadataItems = new Set(['Exif', 'mime', 'uri ']);

type Extent = { offset: number; length: number };
type Item = { type: string; extents: Extent[] };

/** Of all metadata together: real files have one or two per item. */
const maxExtents = 100_000;

/**
 * HEIF and AVIF refer to their parts by offset, so nothing may move: metadata is overwritten in place (ISO/IEC 23008-12
 * annex A, 14496-12 8.11). Orientation is a property of the picture and needs no EXIF.
 */
export function stripHeif(bytes: Buffer, keep: KeptExif): Buffer {
  const result = Buffer.from(bytes);
  const boxes = boxesIn(result);
  const hasMovie = isSequence(result, boxes);
  for (const box of boxes)
    if (box.type === 'moov' && hasMovie) stripMovie(result, box);
    else if (!kept.has(box.type)) blank(result, box);
  const meta = boxes.find((box) => box.type === 'meta');
  if (!meta) throw new ProcessingFailure('corrupt_input', 'HEIF without meta box');
  const exif = writeKeptExif({ orientation: 1, copyright: keep.copyright });
  for (const { type, extents } of metadataExtents(result, meta)) {
    for (const { offset, length } of extents) result.fill(0, offset, offset + length);
    const [first] = extents;
    // After four bytes with the offset of the TIFF header.
    if (type === 'Exif' && exif && first && first.length >= exif.length + 4) exif.copy(result, first.offset + 4);
  }
  return result;
}

function isSequence(bytes: Buffer, boxes: readonly Box[]): boolean {
  const brands = boxes.find(({ type }) => type === 'ftyp');
  if (!brands) return false;
  // The major brand, its version, and the compatible ones.
  const text = bytes.toString('latin1', brands.body, brands.end);
  return Array.from({ length: text.length >> 2 }, (_, i) => text.slice(4 * i, 4 * i + 4)).some((brand) =>
    sequences.has(brand),
  );
}

/** The tracks stay, without what is said of them. @param path the boxes to look into, from the outside in */
function stripMovie(bytes: Buffer, box: Box, [next, ...path]: string[] = ['trak', 'mdia']): void {
  for (const inner of boxesIn(bytes, box.body, box.end))
    if (metadataBoxes.has(inner.type)) blank(bytes, inner);
    else if (inner.type === next) stripMovie(bytes, inner, path);
}

function blank(bytes: Buffer, box: Box): void {
  bytes.write('free', box.start + 4, 'latin1');
  bytes.fill(0, box.body, box.end);
}

function metadataExtents(bytes: Buffer, meta: Box): Item[] {
  const inside = boxesIn(bytes, meta.body + 4, meta.end);
  const named = (type: string) => inside.find((box) => box.type === type);
  const [info, locations, data] = [named('iinf'), named('iloc'), named('idat')];
  if (!info || !locations) return [];
  return itemExtents(bytes, locations, data?.body ?? 0, metadataTypes(bytes, info));
}

/** Type by item id. */
function metadataTypes(bytes: Buffer, info: Box): Map<number, string> {
  const head = new Numbers(bytes, info.body, info.end);
  const isShort = head.next(1) === 0;
  head.skip(3);
  const count = head.next(isShort ? 2 : 4);
  const entries = boxesIn(bytes, head.at, info.end).filter(({ type }) => type === 'infe');
  // Some readers read entries beyond the declared count and some don't, so neither is safe.
  if (entries.length > count) throw new ProcessingFailure('corrupt_input', `HEIF: ${entries.length} items of ${count}`);
  const types = new Map<number, string>();
  for (const { body, end } of entries) {
    const isWide = bytes[body]! >= 3;
    const typeAt = body + (isWide ? 10 : 8);
    if (typeAt + 4 > end) continue;
    const type = bytes.toString('latin1', typeAt, typeAt + 4);
    if (metadataItems.has(type)) types.set(isWide ? bytes.readUInt32BE(body + 4) : bytes.readUInt16BE(body + 4), type);
  }
  return types;
}

/**
 * ISO/IEC 14496-12, 8.11.3: the box declares its own field widths. Each extent may cover the whole file, and zero-width
 * fields allow any number of extents in no space. Therefore their total must not exceed the file.
 * @throws {ProcessingFailure} `corrupt_input`
 */
function itemExtents(bytes: Buffer, box: Box, dataStart: number, types: Map<number, string>): Item[] {
  const numbers = new Numbers(bytes, box.body, box.end);
  const version = numbers.next(1);
  numbers.skip(3);
  const sizes = numbers.next(2);
  const [offset, length, base, last] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15, sizes & 15] as const;
  const index = version ? last : 0;
  const items: Item[] = [];
  // Each byte is overwritten at most once.
  let [bytesLeft, extentsLeft] = [bytes.length, maxExtents];
  for (let count = numbers.next(version < 2 ? 2 : 4); count > 0; count--) {
    const type = types.get(numbers.next(version < 2 ? 2 : 4));
    const isInData = version > 0 && (numbers.next(2) & 15) === 1;
    numbers.skip(2);
    const start = numbers.next(base) + (isInData ? dataStart : 0);
    const extentCount = numbers.next(2);
    // Zero-width lengths leave nothing to overwrite.
    if (!type || !length) {
      numbers.skip(extentCount * (index + offset + length));
      continue;
    }
    const extents: Extent[] = [];
    for (let left = extentCount; left > 0; left--) {
      numbers.skip(index);
      const from = Math.min(start + numbers.next(offset), bytes.length);
      const extent = { offset: from, length: Math.min(numbers.next(length), bytes.length - from) };
      if (!extent.length) continue;
      bytesLeft -= extent.length;
      if (bytesLeft < 0 || extentsLeft-- === 0) throw new ProcessingFailure('corrupt_input', 'HEIF: too much metadata');
      extents.push(extent);
    }
    items.push({ type, extents });
  }
  return items;
}

/** Reads consecutive numbers of a box. */
class Numbers {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
    private readonly end: number,
  ) {}

  /** @param width in bytes */
  next(width: number): number {
    const { at } = this;
    this.skip(width);
    if (width === 8) return Number(this.bytes.readBigUInt64BE(at));
    if (width > 4) throw new ProcessingFailure('corrupt_input', `HEIF: a number of ${width} bytes`);
    return width ? this.bytes.readUIntBE(at, width) : 0;
  }

  skip(count: number): void {
    this.at += count;
    if (this.at > this.end) throw new ProcessingFailure('corrupt_input', 'HEIF: a box ends too early');
  }
}

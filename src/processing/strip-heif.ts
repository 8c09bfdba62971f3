import { boxesIn, type Box } from './boxes.js';
import { writeRights, type Rights } from './exif.js';
import { ProcessingFailure } from './failure.js';

/** Top-level boxes that make up the picture; a phone may add a clip with its own place and time. */
const kept = new Set(['ftyp', 'meta', 'mdat', 'moov', 'idat', 'pdin', 'free']);
const metadataItems = new Set(['Exif', 'mime', 'uri ']);

type Extent = { offset: number; length: number };

/**
 * HEIF and AVIF point at their parts by offset, so nothing may move: metadata is overwritten where it lies
 * (ISO/IEC 23008-12 annex A, 14496-12 8.11). Orientation is a property of the picture there and needs no EXIF.
 */
export function stripHeif(bytes: Buffer, keep: Rights): Buffer {
  const result = Buffer.from(bytes);
  const boxes = boxesIn(result);
  for (const box of boxes) if (!kept.has(box.type)) blank(result, box);
  const meta = boxes.find((box) => box.type === 'meta');
  if (!meta) throw new ProcessingFailure('corrupt_input', 'HEIF without meta box');
  const exif = writeRights({ orientation: 1, copyright: keep.copyright });
  for (const { type, extents } of metadataExtents(result, meta)) {
    for (const { offset, length } of extents) result.fill(0, offset, offset + length);
    const [first] = extents;
    // Behind four bytes that say where the TIFF header begins.
    if (type === 'Exif' && exif && first && first.length >= exif.length + 4) exif.copy(result, first.offset + 4);
  }
  return result;
}

function blank(bytes: Buffer, box: Box): void {
  bytes.write('free', box.start + 4, 'latin1');
  bytes.fill(0, box.body, box.end);
}

function metadataExtents(bytes: Buffer, meta: Box): { type: string; extents: Extent[] }[] {
  const inside = boxesIn(bytes, meta.body + 4, meta.end);
  const named = (type: string) => inside.find((box) => box.type === type);
  const [info, locations, data] = [named('iinf'), named('iloc'), named('idat')];
  if (!info || !locations) return [];
  const types = itemTypes(bytes, info);
  return [...itemExtents(bytes, locations, data?.body ?? 0)].flatMap(([id, extents]) => {
    const type = types.get(id) ?? '';
    return metadataItems.has(type) ? [{ type, extents }] : [];
  });
}

function itemTypes(bytes: Buffer, info: Box): Map<number, string> {
  const entries = info.body + (bytes[info.body] === 0 ? 6 : 8);
  return new Map(
    boxesIn(bytes, entries, info.end).map(({ body }): [number, string] => {
      const isWide = bytes[body]! >= 3;
      const id = isWide ? bytes.readUInt32BE(body + 4) : bytes.readUInt16BE(body + 4);
      const type = body + (isWide ? 10 : 8);
      return [id, bytes.toString('latin1', type, type + 4)];
    }),
  );
}

/** ISO/IEC 14496-12, 8.11.3: field widths are given in the box itself. */
function itemExtents(bytes: Buffer, box: Box, dataStart: number): Map<number, Extent[]> {
  const version = bytes[box.body]!;
  let at = box.body + 4;
  const read = (width: number) => {
    const value = width === 8 ? Number(bytes.readBigUInt64BE(at)) : width ? bytes.readUIntBE(at, width) : 0;
    at += width;
    return value;
  };
  const sizes = read(2);
  const width = {
    offset: sizes >> 12,
    length: (sizes >> 8) & 15,
    base: (sizes >> 4) & 15,
    index: version ? sizes & 15 : 0,
  };
  const items = new Map<number, Extent[]>();
  for (let count = read(version < 2 ? 2 : 4); count > 0 && at < box.end; count--) {
    const id = read(version < 2 ? 2 : 4);
    const isInData = version > 0 && (read(2) & 15) === 1;
    at += 2;
    const base = read(width.base) + (isInData ? dataStart : 0);
    const extents: Extent[] = [];
    for (let left = read(2); left > 0 && at < box.end; left--) {
      at += width.index;
      extents.push({ offset: base + read(width.offset), length: read(width.length) });
    }
    items.set(id, extents);
  }
  return items;
}

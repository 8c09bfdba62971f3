import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { declaresDisplayP3 } from '../image/display-p3.js';
import { readKeptExif } from '../image/exif.js';
import { maxProfileBytes } from './strip-jpeg.js';
import { strippers } from './strip.js';

/** The default size limit of a photo. */
const maxBytes = 40 * 1024 * 1024;
/** Of CPU time, which other load on the machine does not affect. The worst file takes half of it. */
const maxCpuMs = 1500;
const nothingKept = { orientation: 1, copyright: undefined };
const keptExif = { orientation: 6, copyright: 'Ann Example '.repeat(80).trim() };

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const ascii = (text: string) => Buffer.from(text, 'latin1');
const u16 = (value: number) => Buffer.of(value >> 8, value & 255);
const u32 = (value: number) => hex(value.toString(16).padStart(8, '0'));
const times = (count: number, unit: Buffer) => Buffer.alloc(count * unit.length, unit);
/** As many as fit into the largest file. */
const full = (unit: Buffer, bytes = maxBytes) => times(Math.floor(bytes / unit.length), unit);
const inside = (file: Buffer, at: number, ...parts: Buffer[]) =>
  Buffer.concat([file.subarray(0, at), ...parts, file.subarray(at)]);

const image = sharp({ create: { width: 40, height: 24, channels: 3, background: '#123456' } });
const jpeg = await image.jpeg().toBuffer();
const png = await image.png().toBuffer();
const gif = await image.gif().toBuffer();
const scanEnd = jpeg.length - 2;
const firstChunk = 33;
const firstBlock = 13 + 3 * 2 ** ((gif[10]! & 7) + 1);

const pngChunk = (type: string) => Buffer.concat([u32(0), ascii(type), u32(0)]);
const webpChunk = (type: string, data = Buffer.alloc(0)) => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(data.length);
  return Buffer.concat([ascii(type), size, data]);
};
const webp = (...chunks: Buffer[]) =>
  webpChunk('RIFF', Buffer.concat([ascii('WEBP'), webpChunk('VP8X', Buffer.alloc(10)), ...chunks]));

const box = (type: string, ...content: Buffer[]) => {
  const body = Buffer.concat(content);
  return Buffer.concat([u32(body.length + 8), ascii(type), body]);
};
const entry = (id: number, type: string) => box('infe', hex('02000000'), u16(id), u16(0), ascii(type), hex('00'));
type Heif = { entries: Buffer; count: number; widths?: number; items: Buffer; itemCount: number; rest?: Buffer };
const heif = ({ entries, count, widths = 0x4400, items, itemCount, rest = Buffer.alloc(0) }: Heif) =>
  Buffer.concat([
    box('ftyp', ascii('avif'), u32(0)),
    box(
      'meta',
      u32(0),
      box('iinf', u32(0), u16(count), entries),
      box('iloc', u32(0), u16(widths), u16(itemCount), items),
    ),
    rest,
  ]);
const item = (id: number, extentCount: number, extents: Buffer) =>
  Buffer.concat([u16(id), u16(0), u16(extentCount), extents]);
const extent = (offset: number, length: number) => Buffer.concat([u32(offset), u32(length)]);
const ids = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const exifEntries = (count: number) => Buffer.concat(ids(count).map((id) => entry(id, 'Exif')));

const damaged = expect.objectContaining({ code: 'corrupt_input' });

/** A busy machine is slow once; an expensive file is slow each time. */
function expectCheap(work: () => void): void {
  const costs: number[] = [];
  const before = process.resourceUsage().maxRSS;
  do {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    costs.push(Math.round((user + system) / 1000));
    // The result, and leftovers of earlier ones.
    if (costs.length === 1) expect((process.resourceUsage().maxRSS - before) * 1024).toBeLessThan(3 * maxBytes);
  } while (costs.at(-1)! > maxCpuMs && costs.length < 3);
  expect(Math.min(...costs), `ms: ${costs.join(', ')}`).toBeLessThan(maxCpuMs);
}

describe('a file of only small parts is cheap', () => {
  const inJpeg = (part: string) => () => inside(jpeg, 2, full(hex(part)));
  const inScan = (part: string) => () => inside(jpeg, scanEnd, full(hex(part)));
  const files: [string, keyof typeof strippers, () => Buffer][] = [
    ['bare markers', 'jpeg', inJpeg('ff01')],
    ['fill bytes', 'jpeg', inJpeg('ff')],
    ['empty comments', 'jpeg', inJpeg('fffe 0002')],
    ['empty tables', 'jpeg', inJpeg('ffdb 0002')],
    ['empty tables and bare markers', 'jpeg', inJpeg('ffdb 0002 ff01')],
    ['application segments and comments', 'jpeg', inJpeg('ffe0 0007 4a46494600 fffe 0002')],
    ['stuffed bytes', 'jpeg', inScan('ff00')],
    ['restarts', 'jpeg', inScan('ffd0')],
    ['scans', 'jpeg', inScan('ffda 0002')],
    ['scans and bare markers', 'jpeg', inScan('ffda 0002 ff01')],
    ['chunks', 'png', () => inside(png, firstChunk, full(pngChunk('sPLT')))],
    [
      'chunks and texts',
      'png',
      () => inside(png, firstChunk, full(Buffer.concat([pngChunk('sPLT'), pngChunk('tEXt')]))),
    ],
    ['headers', 'png', () => inside(png, firstChunk, full(pngChunk('IHDR'), 12e6))],
    ['chunks', 'webp', () => webp(full(webpChunk('ANMF')))],
    ['chunks and metadata', 'webp', () => webp(full(Buffer.concat([webpChunk('ANMF'), webpChunk('EXIF')])))],
    ['graphic controls', 'gif', () => inside(gif, firstBlock, full(hex('21f900')))],
    ['graphic controls and comments', 'gif', () => inside(gif, firstBlock, full(hex('21f900 21fe00')))],
    ['applications', 'gif', () => inside(gif, firstBlock, full(hex('21ff00')))],
  ];
  it.each(files)('%s in %s', (_, format, make) => {
    const bytes = make();
    expectCheap(() => strippers[format]!(bytes, keptExif));
  });
});

describe('HEIF', () => {
  const strip = (file: Heif) => strippers.avif!(heif(file), keptExif);

  it('is damaged if its metadata is longer than the file', () => {
    const extents = times(31, extent(0, maxBytes));
    const items = Buffer.concat(ids(200).map((id) => item(id, 31, extents)));
    const file = { entries: exifEntries(200), count: 200, items, itemCount: 200, rest: Buffer.alloc(maxBytes) };
    expectCheap(() => expect(() => strip(file)).toThrow(damaged));
  });

  it('is damaged if its metadata has more extents than any real file', () => {
    const extents = times(65_535, u32(1));
    const items = Buffer.concat(ids(160).map((id) => item(id, 65_535, extents)));
    const file = { entries: exifEntries(160), count: 160, widths: 0x0400, items, itemCount: 160 };
    expectCheap(() => expect(() => strip(file)).toThrow(damaged));
  });

  it('skips zero-width extents', () => {
    const items = times(20_000, item(1, 65_535, Buffer.alloc(0)));
    expectCheap(() => strip({ entries: exifEntries(1), count: 1, widths: 0, items, itemCount: 20_000 }));
  });

  it('is damaged with more items than declared', () => {
    const items = item(1, 1, extent(0, 1));
    expect(() => strip({ entries: exifEntries(2), count: 1, items, itemCount: 1 })).toThrow(damaged);
  });

  it('is damaged if a box ends too early', () => {
    const items = item(1, 2, extent(0, 1));
    expect(() => strip({ entries: exifEntries(1), count: 1, items, itemCount: 1 })).toThrow(damaged);
    expect(() => strip({ entries: exifEntries(1), count: 1, items: Buffer.alloc(0), itemCount: 1 })).toThrow(damaged);
  });

  it('loses metadata that is declared to exceed the file', () => {
    const file = { entries: exifEntries(1), count: 1, itemCount: 1, rest: box('mdat', ascii('somewhere secret')) };
    const { length } = heif({ ...file, items: item(1, 1, extent(0, 0)) });
    const stripped = strip({ ...file, items: item(1, 1, extent(length - 16, 1000)) });
    expect(stripped).toHaveLength(length);
    expect(stripped.subarray(-16)).toEqual(Buffer.alloc(16));
    expect(() => strip({ ...file, items: item(1, 1, extent(length + 1000, 1000)) })).not.toThrow();
  });

  const place = ascii('+40.6892-074.0445/');
  const said = box('udta', box('\xa9xyz', place));
  const movie = box('moov', box('mvhd', place), said, box('trak', said, box('tkhd'), box('mdia', said, box('minf'))));

  it('loses a movie, unless it is a sequence of pictures, which lose what is said of them', () => {
    const file = { entries: exifEntries(1), count: 1, items: item(1, 1, extent(0, 0)), itemCount: 1, rest: movie };
    const still = strip(file);
    expect(still).toHaveLength(heif(file).length);
    expect(still.includes(place)).toBe(false);
    const sequence = heif(file);
    sequence.write('avis', 8, 'latin1');
    const stripped = strippers.avif!(sequence, keptExif);
    expect(stripped.indexOf(place)).toBe(stripped.lastIndexOf(place));
    for (const kept of ['mvhd', 'tkhd', 'minf']) expect(stripped.includes(kept)).toBe(true);
    // Boxes in boxes do not end in a stack overflow.
    let deep = box('trak');
    for (let i = 0; i < 20_000; i++) deep = Buffer.concat([u32(deep.length + 8), ascii('trak'), deep]);
    const nested = heif({ ...file, rest: box('moov', deep) });
    nested.write('avis', 8, 'latin1');
    expect(() => strippers.avif!(nested, keptExif)).not.toThrow();
  });

  it.each(['free', 'skip'])('is damaged when full of empty boxes: %s', (type) => {
    const file = { entries: exifEntries(1), count: 1, items: Buffer.alloc(0), itemCount: 0, rest: full(box(type)) };
    expectCheap(() => expect(() => strip(file)).toThrow(damaged));
    expectCheap(() => expect(() => declaresDisplayP3(heif(file))).toThrow(damaged));
  });
});

it('a JPEG loses standalone markers and fill bytes between its segments', () => {
  const odd = inside(jpeg, 2, times(3, hex('ff01')), times(3, hex('ff')), hex('ffd0'));
  expect(strippers.jpeg!(odd, nothingKept)).toEqual(jpeg);
});

it('a JPEG loses a profile that is too long, and nothing else', () => {
  const piece = Buffer.concat([hex('ffe2 ffff'), ascii('ICC_PROFILE\0'), Buffer.alloc(65_533 - 12)]);
  const maxPieces = Math.floor(maxProfileBytes / piece.length);
  const long = inside(jpeg, 2, times(maxPieces, piece));
  expect(strippers.jpeg!(long, nothingKept).equals(long)).toBe(true);
  const tooLong = inside(jpeg, 2, times(maxPieces + 1, piece));
  expect(strippers.jpeg!(tooLong, nothingKept)).toEqual(jpeg);
});

it('a WebP whose last chunk lacks its padding keeps its copyright where decoders look for it', async () => {
  const tagged = await image
    .clone()
    .withExif({ IFD0: { Copyright: 'Ann Example' } })
    .webp()
    .toBuffer();
  const { exif } = await sharp(tagged).metadata();
  const odd = tagged.subarray(0, tagged.indexOf('EXIF'));
  const cut = odd.at(-1) === 0 ? odd.subarray(0, -1) : odd;
  cut.writeUInt32LE(cut.length - 8, 4);
  const stripped = strippers.webp!(cut, readKeptExif(exif));
  expect(stripped.readUInt32LE(4)).toBe(stripped.length - 8);
  expect(readKeptExif((await sharp(stripped).metadata()).exif).copyright).toBe('Ann Example');
});

it('the EXIF to keep is looked up at the start of a block, not in all of it', () => {
  const long = full(ascii('E'));
  expectCheap(() => {
    for (let i = 0; i < 10; i++) readKeptExif(long);
  });
});

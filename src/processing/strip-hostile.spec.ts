import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readRights } from './exif.js';
import { longestProfile } from './strip-jpeg.js';
import { strippers } from './strip.js';

/** As large as a photo may be, unless somebody configures it. */
const largest = 40 * 1024 * 1024;
/** Of CPU: a machine that others use, too, would be late with anything. The worst file takes half of it. */
const longestMs = 1500;
const nothing = { orientation: 1, copyright: undefined };
const rights = { orientation: 6, copyright: 'Ann Example '.repeat(80).trim() };

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const ascii = (text: string) => Buffer.from(text, 'latin1');
const u32 = (value: number) => hex(value.toString(16).padStart(8, '0'));
const times = (count: number, unit: Buffer) => Buffer.alloc(count * unit.length, unit);
/** So many that a file is as large as it may be. */
const full = (unit: Buffer, bytes = largest) => times(Math.floor(bytes / unit.length), unit);
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

/** A machine that is busy is slow once; what is slow because of the file is slow each time. */
function expectCheap(work: () => void): void {
  const costs: number[] = [];
  const before = process.resourceUsage().maxRSS;
  do {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    costs.push(Math.round((user + system) / 1000));
    // The result, and what is left of earlier ones.
    if (costs.length === 1) expect((process.resourceUsage().maxRSS - before) * 1024).toBeLessThan(3 * largest);
  } while (costs.at(-1)! > longestMs && costs.length < 3);
  expect(Math.min(...costs), `ms: ${costs.join(', ')}`).toBeLessThan(longestMs);
}

describe('a file of nothing but small parts costs little', () => {
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
    expectCheap(() => strippers[format]!(bytes, rights));
  });
});

it('a JPEG loses bare markers and fill bytes between its segments', () => {
  const odd = inside(jpeg, 2, times(3, hex('ff01')), times(3, hex('ff')), hex('ffd0'));
  expect(strippers.jpeg!(odd, nothing)).toEqual(jpeg);
});

it('a JPEG loses a profile that is too long for one, and nothing else', () => {
  const piece = Buffer.concat([hex('ffe2 ffff'), ascii('ICC_PROFILE\0'), Buffer.alloc(65_533 - 12)]);
  const most = Math.floor(longestProfile / piece.length);
  const long = inside(jpeg, 2, times(most, piece));
  expect(strippers.jpeg!(long, nothing).equals(long)).toBe(true);
  const tooLong = inside(jpeg, 2, times(most + 1, piece));
  expect(strippers.jpeg!(tooLong, nothing)).toEqual(jpeg);
});

it('a WebP whose last chunk lacks its even byte keeps its rights where decoders look for them', async () => {
  const tagged = await image
    .clone()
    .withExif({ IFD0: { Copyright: 'Ann Example' } })
    .webp()
    .toBuffer();
  const { exif } = await sharp(tagged).metadata();
  const odd = tagged.subarray(0, tagged.indexOf('EXIF'));
  const cut = odd.at(-1) === 0 ? odd.subarray(0, -1) : odd;
  cut.writeUInt32LE(cut.length - 8, 4);
  const stripped = strippers.webp!(cut, readRights(exif));
  expect(stripped.readUInt32LE(4)).toBe(stripped.length - 8);
  expect(readRights((await sharp(stripped).metadata()).exif).copyright).toBe('Ann Example');
});

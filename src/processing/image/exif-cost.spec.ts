import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readHeader } from './pixels.js';
import { readKeptExif } from './exif.js';

const damaged = expect.objectContaining({ code: 'corrupt_input' });
const ascii = (text: string) => Buffer.from(text, 'latin1');
const u32 = (value: number) => Buffer.of(value >>> 24, value >>> 16, value >>> 8, value);
const u32le = (value: number) => Buffer.of(value, value >>> 8, value >>> 16, value >>> 24);
const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#123456' } });

type Entry = { tag: number; type?: number; count?: number; value?: number };
/** A TIFF block of one directory at byte 8. */
function tiff(entries: Entry[], next = 0): Buffer {
  const block = Buffer.alloc(8 + 2 + 12 * entries.length + 4);
  block.write('II*\0\x08', 'latin1');
  block.writeUInt16LE(entries.length, 8);
  for (const [i, { tag, type = 4, count = 1, value = 0 }] of entries.entries()) {
    block.writeUInt16LE(tag, 10 + 12 * i);
    block.writeUInt16LE(type, 12 + 12 * i);
    block.writeUInt32LE(count, 14 + 12 * i);
    block.writeUInt32LE(value, 18 + 12 * i);
  }
  block.writeUInt32LE(next, block.length - 4);
  return block;
}
const times = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
const pointers = [0x8769, 0x8825, 0xa005];
const toItself = (count: number) => tiff(times(count, (i) => ({ tag: pointers[i % 3]!, value: 8 })));

const carriers: Record<string, (exif: Buffer) => Promise<Buffer>> = {
  jpeg: async (exif) => {
    const plain = await image.jpeg().toBuffer();
    const body = Buffer.concat([ascii('Exif\0\0'), exif]);
    const head = Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 255]);
    return Buffer.concat([plain.subarray(0, 2), head, body, plain.subarray(2)]);
  },
  webp: async (exif) => {
    // The extended format, which can have EXIF.
    const plain = await image
      .clone()
      .withExif({ IFD0: { Copyright: 'x' } })
      .webp()
      .toBuffer();
    const body = Buffer.concat([exif, Buffer.alloc(exif.length % 2)]);
    const end = plain.indexOf('EXIF');
    const file = Buffer.concat([plain.subarray(0, end), ascii('EXIF'), u32le(exif.length), body]);
    file.writeUInt32LE(file.length - 8, 4);
    return file;
  },
  png: async (exif) => {
    const plain = await image.png().toBuffer();
    const body = Buffer.concat([ascii('eXIf'), exif]);
    const chunk = Buffer.concat([u32(exif.length), body, u32(crc32(body))]);
    return Buffer.concat([plain.subarray(0, 33), chunk, plain.subarray(33)]);
  },
};

describe.each(Object.keys(carriers))('EXIF in %s', (format) => {
  const read = async (exif: Buffer) => readHeader(await carriers[format]!(exif));

  it('that points to itself thousands of times is refused cheaply', async () => {
    const file = await carriers[format]!(toItself(5_000));
    const before = process.cpuUsage();
    await expect(readHeader(file)).rejects.toEqual(damaged);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1_000);
  });

  it('that points to itself twice is refused', async () => {
    await expect(read(toItself(2))).rejects.toEqual(damaged);
  });

  it('that points to itself once, as broken cameras write it, is read', async () => {
    const entries = times(50, (i) => ({ tag: 0x9000 + i }));
    const { exif } = await read(tiff([{ tag: 0x0112, type: 3, value: 6 }, { tag: 0x8769, value: 8 }, ...entries], 8));
    expect(readKeptExif(exif).orientation).toBe(6);
  });

  it('whose overlapping values add up to too many bytes is refused', async () => {
    const block = tiff(times(1_000, (i) => ({ tag: 0x9000 + i, type: 7, count: 60_000, value: 8 })));
    await expect(read(Buffer.concat([block, Buffer.alloc(65_000 - block.length)]))).rejects.toEqual(damaged);
  });
});

it('the limit applies to all EXIF blocks of a file together', async () => {
  const block = tiff(times(4_000, (i) => ({ tag: i })));
  let file = await image.jpeg().toBuffer();
  const segment = (await carriers.jpeg!(block)).subarray(2, 2 + 4 + 6 + block.length);
  for (let i = 0; i < 3; i++) file = Buffer.concat([file.subarray(0, 2), segment, file.subarray(2)]);
  await expect(readHeader(file)).rejects.toEqual(damaged);
});

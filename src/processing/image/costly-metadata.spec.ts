import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readHeader } from './pixels.js';

const damaged = expect.objectContaining({ code: 'corrupt_input' });
const ascii = (text: string) => Buffer.from(text, 'latin1');
const u32 = (value: number) => Buffer.of(value >>> 24, value >>> 16, value >>> 8, value);
const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#123456' } });
const after = (file: Buffer, at: number, ...parts: Buffer[]) =>
  Buffer.concat([file.subarray(0, at), ...parts, file.subarray(at)]);

/** Memory and CPU time of this process, which includes libvips. */
async function costOf(work: () => Promise<unknown>) {
  const before = process.resourceUsage();
  await work();
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    MiB: (maxRSS - before.maxRSS) / 1024,
    cpuMs: (userCPUTime - before.userCPUTime + systemCPUTime - before.systemCPUTime) / 1000,
  };
}

describe('PNG', async () => {
  const png = await image.png().toBuffer();
  const chunk = (type: string, ...data: Buffer[]) => {
    const body = Buffer.concat([ascii(type), ...data]);
    return Buffer.concat([u32(body.length - 4), body, u32(crc32(body))]);
  };
  const withChunks = (...chunks: Buffer[]) => after(png, 33, ...chunks);
  const deflated = (MiB: number) => deflateSync(Buffer.alloc(MiB * 2 ** 20, 'A'), { level: 9 });
  const kinds: [string, string][] = [
    ['zTXt', 'k\0\0'],
    ['iTXt', 'k\0\x01\0en\0k\0'],
    ['iCCP', 'k\0\0'],
  ];

  it.each(kinds)('with much deflated text is refused cheaply: %s', async (type, names) => {
    const part = chunk(type, ascii(names), deflated(20));
    const file = withChunks(...Array.from({ length: 20 }, () => part));
    const cost = await costOf(() => expect(readHeader(file)).rejects.toEqual(damaged));
    expect(cost.MiB).toBeLessThan(100);
    expect(cost.cpuMs).toBeLessThan(1_000);
  });

  it('with damaged deflated text is refused as well', async () => {
    const part = chunk('zTXt', ascii('k\0\0'), deflated(10).subarray(0, -5));
    await expect(readHeader(withChunks(part, part))).rejects.toEqual(damaged);
  });

  it('with many texts is refused', async () => {
    const texts = (count: number) => Array.from({ length: count }, (_, i) => chunk('tEXt', ascii(`k${i}\0text`)));
    await expect(readHeader(withChunks(...texts(1_000)))).rejects.toEqual(damaged);
    expect((await readHeader(withChunks(...texts(500)))).width).toBe(8);
  });

  it.each(kinds.slice(0, 2))('with the texts that editors write is read: %s', async (type, names) => {
    const part = chunk(type, ascii(names), deflated(3));
    expect((await readHeader(withChunks(part, part))).width).toBe(8);
  });

  it('with a colour profile is read', async () => {
    const { icc } = await readHeader(await image.clone().withIccProfile('p3').png().toBuffer());
    expect(icc?.length).toBeGreaterThan(0);
  });
});

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readHeader } from './pixels.js';

const tooMany = expect.objectContaining({ code: 'too_many_frames' });
const image = sharp({ create: { width: 4, height: 4, channels: 4, background: '#12345680' } });
const u16 = (value: number) => Buffer.of(value & 255, value >> 8);
const u24 = (value: number) => Buffer.concat([u16(value & 65_535), Buffer.of(value >> 16)]);
const u32 = (value: number) => Buffer.concat([u16(value & 65_535), u16(value >>> 16)]);

/** @returns CPU of this process in ms, to which libvips belongs, too */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function webp(frames: number): Promise<Buffer> {
  const chunk = (type: string, ...data: Buffer[]) => {
    const body = Buffer.concat(data);
    return Buffer.concat([Buffer.from(type), u32(body.length), body, Buffer.alloc(body.length % 2)]);
  };
  const pixels = (await image.clone().webp({ lossless: true }).toBuffer()).subarray(12);
  const frame = chunk('ANMF', u24(0), u24(0), u24(3), u24(3), u24(100), Buffer.of(0), pixels);
  const body = Buffer.concat([
    Buffer.from('WEBP'),
    chunk('VP8X', Buffer.of(0x12, 0, 0, 0), u24(3), u24(3)),
    chunk('ANIM', u32(0), u16(0)),
    ...Array.from({ length: frames }, () => frame),
  ]);
  return Buffer.concat([Buffer.from('RIFF'), u32(body.length), body]);
}

function gif(frames: number): Buffer {
  const screen = Buffer.concat([Buffer.from('GIF89a'), u16(4), u16(4), Buffer.of(0x80, 0, 0), Buffer.alloc(6, 99)]);
  const frame = Buffer.concat([Buffer.of(0x2c), u16(0), u16(0), u16(1), u16(1), Buffer.of(0, 2, 2, 0x44, 0x01, 0)]);
  return Buffer.concat([screen, ...Array.from({ length: frames }, () => frame), Buffer.of(0x3b)]);
}

function tiff(pages: number): Buffer {
  const entries: [number, number][] = [
    [256, 1],
    [257, 1],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 8],
    [278, 1],
    [279, 1],
  ];
  const bytes = 2 + entries.length * 12 + 4;
  const directories = Array.from({ length: pages }, (_, i) =>
    Buffer.concat([
      u16(entries.length),
      ...entries.map(([tag, value]) => Buffer.concat([u16(tag), u16(4), u32(1), u32(value)])),
      u32(i === pages - 1 ? 0 : 16 + (i + 1) * bytes),
    ]),
  );
  return Buffer.concat([Buffer.from('II*\0'), u32(16), Buffer.alloc(8), ...directories]);
}

describe.each([
  ['WebP', webp],
  ['GIF', gif],
  ['TIFF', tiff],
] as const)('%s', (_name, made) => {
  it('with a hundred thousand frames is refused before a decoder lists them', async () => {
    const file = await made(100_000);
    expect(await cpuOf(() => expect(readHeader(file)).rejects.toEqual(tooMany))).toBeLessThan(300);
  });

  it('with a few is read', async () => {
    expect(await readHeader(await made(20))).toMatchObject({ frames: 20 });
    await expect(readHeader(await made(2_000))).resolves.toMatchObject({ frames: 2_000 });
  });
});

it('frames are found in what libvips writes', async () => {
  const frames = await Promise.all(
    ['red', 'green', 'blue'].map((background) =>
      sharp({ create: { width: 4, height: 4, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const joined = () => sharp(frames, { join: { animated: true } });
  for (const made of [joined().gif(), joined().webp(), joined().tiff()])
    expect((await readHeader(await made.toBuffer())).frames).toBe(3);
});

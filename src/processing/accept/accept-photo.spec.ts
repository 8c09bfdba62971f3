import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { derivePhoto } from '../image/image.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import type { Limits } from '../run/limits.js';
import { accept } from './accept.js';
import { boxesIn } from './boxes.js';

const photo = { maxBytes: 40e6, maxPixels: 100e6, maxFrames: 500 };
let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'accept-photo-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
const canvas = (side: number) => sharp({ create: { width: side, height: side, channels: 3, background: '#123456' } });
const take = (file: string) =>
  accept(file, 'photo', { photo } as Limits, { binaries, signal: AbortSignal.timeout(60_000) });

it('does not decode a large AVIF while the client waits', async () => {
  const file = path.join(dir, 'large.avif');
  await canvas(6_000).avif({ effort: 0 }).toFile(file);
  const decoding = await cpuOf(() => sharp(file).stats());
  const accepting = await cpuOf(async () =>
    expect(await take(file)).toMatchObject({ container: 'avif', width: 6_000, height: 6_000 }),
  );
  // Measured: a fifth of it.
  expect(accepting).toBeLessThan(decoding);
});

it('leaves detecting a damaged AVIF to the worker', async () => {
  const bytes = await canvas(160).avif().toBuffer();
  const mdat = boxesIn(bytes).find(({ type }) => type === 'mdat')!;
  const file = path.join(dir, 'damaged.avif');
  await writeFile(file, bytes.fill(0x55, mdat.body));
  expect(await take(file)).toMatchObject({ container: 'avif', width: 160 });
  const derived = derivePhoto(file, path.join(dir, 'out'), photo, AbortSignal.timeout(60_000));
  await expect(derived).rejects.toMatchObject({ name: 'ProcessingFailure', permanent: true });
});

it.each([
  ['an interlaced PNG', () => canvas(7_000).png({ progressive: true, compressionLevel: 1 })],
  ['a progressive JPEG', () => canvas(7_000).jpeg({ progressive: true, chromaSubsampling: '4:4:4' })],
  ['a WebP', () => canvas(7_000).webp({ effort: 0 })],
] as const)('does not decode %s of many pixels, which takes all of them into memory', async (_name, image) => {
  const file = path.join(dir, 'whole');
  await image().toFile(file);
  const decoding = await cpuOf(() => sharp(file).stats());
  const accepting = await cpuOf(async () => expect(await take(file)).toMatchObject({ width: 7_000 }));
  expect(accepting).toBeLessThan(decoding / 2);
});

it('detects damage in a picture that is decoded line by line, however large', async () => {
  const bytes = await canvas(7_000).jpeg().toBuffer();
  const file = path.join(dir, 'cut.jpg');
  await writeFile(file, bytes.subarray(0, bytes.length / 2));
  await expect(take(file)).rejects.toMatchObject({ code: 'corrupt_input' });
});

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accept } from '../accept/accept.js';
import { deriveSizes } from '../image/image.js';
import { readHeader } from '../image/pixels.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { run } from '../run/process.js';
import { deriveMusic } from './audio.js';

const photo = { maxBytes: 40e6, maxPixels: 100e6, maxFrames: 500 };
const limits = {
  photo,
  video: { maxBytes: 0, maxDurationMs: 0, maxSide: 0, maxFps: 0 },
  music: { maxBytes: 1e9, maxDurationMs: 1e6 },
  file: { maxBytes: 0 },
};
let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'covers-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const context = () => ({ binaries, threads: 2, signal: AbortSignal.timeout(120_000) });
const canvas = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#d01010' }, limitInputPixels: false });

async function song(name: string, cover: string | null, ...codec: string[]): Promise<string> {
  const file = path.join(dir, name);
  const picture = cover
    ? ['-i', cover, '-map', '0', '-map', '1', '-c:v', 'copy', '-disposition:v', 'attached_pic']
    : [];
  const tone = ['-f', 'lavfi', '-i', 'sine=duration=2'];
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...tone, ...picture, ...codec, file]);
  return file;
}

/** Accepts the file and processes it. */
async function process(file: string) {
  const began = performance.now();
  await accept(file, 'music', limits, context());
  const music = await deriveMusic(file, path.join(dir, `out-${path.basename(file)}`), photo, context());
  return { music, ms: performance.now() - began };
}

it('processes music whose cover is slow to decode as fast as other music, without the cover', async () => {
  // A hundred megapixels in seven passes: 300 kB, and two seconds whenever ffmpeg opens the file.
  const cover = path.join(dir, 'interlaced.png');
  await canvas(10_000, 10_000).png({ progressive: true, compressionLevel: 9 }).toFile(cover);
  expect((await stat(cover)).size).toBeLessThan(1e6);
  const plain = await process(await song('plain.mp3', null));
  for (const [name, ...codec] of [['a.mp3'], ['a.m4a', '-c:a', 'aac'], ['a.flac', '-c:a', 'flac']]) {
    const { music, ms } = await process(await song(name!, cover, ...codec));
    expect(music.cover).toBeNull();
    expect(music.facts.durationMs).toBeCloseTo(2000, -2);
    // With decoding, ten times as long. The margin is for other work on the same machine.
    expect(ms, name).toBeLessThan(3 * plain.ms + 2_000);
  }
});

it.each([
  [6_000, 6],
  [6_100, 0],
])('processes covers up to 36 megapixels, with %i px a side: %i pictures', async (side, pictures) => {
  const cover = path.join(dir, `${side}.png`);
  await canvas(side, side).png().toFile(cover);
  const { music } = await process(await song(`${side}.mp3`, cover));
  expect(music.cover?.outputs ?? []).toHaveLength(pictures);
});

it('stops decoding a picture after the given time', async () => {
  const file = path.join(dir, 'slow.avif');
  await canvas(10_000, 10_000).avif({ effort: 0 }).toFile(file);
  const { signal } = context();
  const sizes = deriveSizes(file, await readHeader(file), path.join(dir, 'slow'), photo, signal, { seconds: 1 });
  await expect(sizes).rejects.toMatchObject({ code: 'timed_out' });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timestampExpression } from './animation-command.js';
import { deriveAnimation, isAnimation } from './animation.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { boxesIn } from '../accept/boxes.js';
import { run } from '../run/process.js';

let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'animation-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const limits = { maxBytes: 1e7, maxPixels: 1e8, maxFrames: 100 };
const delay = [200, 40, 40, 700];
const colours = ['#d02020', '#20d020', '#2020d0', '#d0d020'];

async function make(format: 'gif' | 'webp', width: number, height: number): Promise<string> {
  const frames = colours.map((background) =>
    sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  const joined = sharp(await Promise.all(frames), { join: { animated: true } });
  const file = path.join(dir, `${width}.${format}`);
  await (format === 'gif' ? joined.gif({ delay, loop: 3 }) : joined.webp({ delay, loop: 3 })).toFile(file);
  return file;
}
const context = () => ({ binaries, threads: 1, signal: AbortSignal.timeout(30_000) });

it.each([
  ['gif', 321, 241, [321, 241], [320, 240]],
  ['webp', 800, 400, [640, 320], [640, 320]],
] as const)('makes a WebP and a video of a %s of %i × %i', async (format, width, height, webp, mp4) => {
  const input = await make(format, width, height);
  const [animated, loop] = await deriveAnimation(input, path.join(dir, format), limits, context());
  expect(animated).toMatchObject({ name: 'animated', width: webp[0], height: webp[1], durationMs: 980 });
  const found = await sharp(animated!.path, { animated: true }).metadata();
  expect(found).toMatchObject({ pages: 4, delay, loop: 3, width: webp[0], pageHeight: webp[1] });

  expect(loop).toMatchObject({ name: 'loop', width: mp4[0], height: mp4[1], durationMs: 980 });
  const show = ['-show_entries', 'format=duration:stream=codec_type,width,height,pix_fmt,color_space:packet=pts_time'];
  const { stdout } = await run(binaries.ffprobe, ['-v', 'error', ...show, '-of', 'json', loop!.path]);
  const { streams, format: whole, packets } = JSON.parse(stdout);
  expect(streams).toEqual([
    { codec_type: 'video', width: mp4[0], height: mp4[1], pix_fmt: 'yuv420p', color_space: 'bt709' },
  ]);
  expect(Number(whole.duration)).toBeCloseTo(0.98, 3);
  const times = packets.map((p: { pts_time: string }) => Number(p.pts_time)).toSorted((a: number, b: number) => a - b);
  expect(times).toEqual([0, 0.2, 0.24, 0.28, 0.98]);
  expect(boxesIn(await readFile(loop!.path)).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'free', 'mdat']);

  const at = ['-i', loop!.path, '-vf', 'select=eq(n\\,3)', '-frames:v', '1', '-y', 'still.png'];
  await run(binaries.ffmpeg, ['-v', 'error', ...at], { cwd: dir });
  const { channels } = await sharp(path.join(dir, 'still.png')).stats();
  [0xd0, 0xd0, 0x20].forEach((value, i) => expect(Math.abs(channels[i]!.mean - value)).toBeLessThan(8));
});

it('fails if there are too many frames', async () => {
  const input = await make('gif', 64, 48);
  const few = { ...limits, maxFrames: 3 };
  const refused = deriveAnimation(input, path.join(dir, 'few'), few, context());
  await expect(refused).rejects.toMatchObject({ code: 'too_many_frames' });
});

describe('timestampExpression', () => {
  it.each([
    [[100, 100, 100], 'N*100'],
    [[40], 'N*40'],
    [[200, 40, 40], 'N*200+max(0,N-1)*(-160)'],
  ])('of %s', (delays, expected) => expect(timestampExpression(delays)).toBe(expected));
});

describe('isAnimation', () => {
  it.each([
    ['image/gif', 2, true],
    ['image/gif', 1, false],
    ['image/webp', 3, true],
    ['image/tiff', 3, false],
    ['image/heic', 3, false],
  ])('%s of %i frames: %s', (mimeType, frames, expected) => expect(isAnimation({ mimeType, frames })).toBe(expected));
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept } from '../accept/accept.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import type { Limits } from '../run/limits.js';
import { run } from '../run/process.js';
import { refuseManyFrames } from './id3-frames.js';

let dir: string;
let binaries: Binaries;
let sound: Buffer;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'frames-'));
  binaries = await resolveBinaries();
  const untagged = ['-id3v2_version', '0', '-write_xing', '0'];
  await run(binaries.ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', 'sine=duration=2', ...untagged, 'untagged.mp3'], {
    cwd: dir,
  });
  sound = await readFile(path.join(dir, 'untagged.mp3'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const limits = { music: { maxBytes: 1e9, maxDurationMs: 1e6 } } as Limits;
const take = async (...parts: Buffer[]) => {
  const file = path.join(dir, 'song.mp3');
  await writeFile(file, Buffer.concat([...parts, sound]));
  return accept(file, 'music', limits, { binaries, signal: AbortSignal.timeout(20_000) });
};

type Version = 2 | 3 | 4;
const u32 = (n: number) => Buffer.of(n >> 24, n >> 16, n >> 8, n);
const synchsafe = (n: number) => Buffer.of((n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127);
const frame = (version: Version, data: Buffer, size = version === 4 ? synchsafe : u32) =>
  version === 2
    ? Buffer.concat([Buffer.from('TXX'), u32(data.length).subarray(1), data])
    : Buffer.concat([Buffer.from('TXXX'), size(data.length), Buffer.alloc(2), data]);
const textFrames = (version: Version, count: number, extraLength = 0, size = version === 4 ? synchsafe : u32) =>
  Array.from({ length: count }, (_, i) => frame(version, Buffer.from(`\0k${i}\0v${'x'.repeat(extraLength)}`), size));
const tag = (version: Version, ...frames: Buffer[]) => {
  const body = Buffer.concat(frames);
  return Buffer.concat([Buffer.from('ID3'), Buffer.of(version, 0, 0), synchsafe(body.length), body]);
};

const damaged = { name: 'Refused', code: 'corrupt_input' };

describe.each([2, 3, 4] as const)('a tag of ID3v2.%i', (version) => {
  it('with a hundred thousand frames is refused at once', async () => {
    const began = performance.now();
    await expect(take(tag(version, ...textFrames(version, 100_000)))).rejects.toMatchObject(damaged);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('with a thousand frames and a megabyte of padding is music', async () => {
    const made = tag(version, ...textFrames(version, 1_000), Buffer.alloc(2 ** 20));
    expect((await take(made)).durationMs).toBeCloseTo(2_000, -2);
  });

  it('has its frames counted behind padding, too', async () => {
    const made = tag(version, Buffer.alloc(version === 2 ? 6_000 : 10_000), ...textFrames(version, 13_000));
    await expect(take(made)).rejects.toMatchObject(damaged);
  });
});

it('counts the frames of several tags together', async () => {
  await expect(take(tag(3, ...textFrames(3, 7_000)), tag(4, ...textFrames(4, 7_000)))).rejects.toMatchObject(damaged);
});

it('counts tags without frames', async () => {
  const file = path.join(dir, 'tags.mp3');
  await writeFile(file, Buffer.concat(Array.from({ length: 13_000 }, () => tag(4))));
  await expect(refuseManyFrames(file)).rejects.toMatchObject({ code: 'corrupt_input' });
  expect(await take(tag(4), tag(4))).toMatchObject({ container: 'mp3' });
});

it('counts frames whose lengths use all eight bits, as some writers of ID3v2.4 do', async () => {
  await expect(take(tag(4, ...textFrames(4, 13_000, 200, u32)))).rejects.toMatchObject(damaged);
  expect(await take(tag(4, ...textFrames(4, 500, 200, u32)))).toMatchObject({ container: 'mp3' });
});

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from './binaries.js';
import { findBoxes } from '../accept/boxes.js';
import { budgetOf, type Budget } from './budget.js';
import { ffmpeg, ffprobe } from './ffmpeg.js';
import { run } from './process.js';

const MiB = 1024 ** 2;
const hour = 3_600_000;
let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'budget-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('budgetOf', () => {
  const pixels = 1920 * 1080;

  it('grows with the amount of work', () => {
    const clip = budgetOf({ durationMs: 5_000, pixels, bytes: MiB }, 2);
    const longer = budgetOf({ durationMs: 60_000, pixels, bytes: MiB }, 2);
    const larger = budgetOf({ durationMs: 60_000, pixels: 4 * pixels, bytes: 100 * MiB }, 2);
    for (const [less, more] of [
      [clip, longer],
      [longer, larger],
    ] as const) {
      expect(less.timeoutMs).toBeLessThan(more.timeoutMs);
      expect(less.limits.cpuSeconds).toBeLessThan(more.limits.cpuSeconds!);
      expect(less.limits.outputBytes).toBeLessThan(more.limits.outputBytes!);
    }
    expect(clip.timeoutMs).toBeLessThan(hour / 4);
    expect(clip.limits.outputBytes).toBeLessThan(100 * MiB);
  });

  it('has a floor and a ceiling', () => {
    const picture = budgetOf({ durationMs: 0, pixels, bytes: 1000 }, 2);
    expect(picture.limits.cpuSeconds).toBeGreaterThanOrEqual(60);
    const film = budgetOf({ durationMs: 4 * hour, pixels: 8192 * 8192, bytes: 4096 * MiB }, 2);
    expect(film.timeoutMs).toBe(8 * hour);
    expect(film.limits.cpuSeconds).toBe(2 * 8 * 3600);
  });

  it('takes address space from the configuration, or from the threads', () => {
    const work = { durationMs: 0, pixels, bytes: 0 };
    expect(budgetOf(work, 2, 512 * MiB).limits.memoryBytes).toBe(512 * MiB);
    expect(budgetOf(work, 16).limits.memoryBytes).toBeGreaterThan(budgetOf(work, 1).limits.memoryBytes!);
  });
});

/** Endless, unless terminated. */
const endless = (...more: string[]) => ({
  inputs: [{ path: 'testsrc2=size=1280x720', options: ['-f', 'lavfi'] }],
  outputs: [{ path: 'out.mp4', options: ['-c:v', 'libx264', '-preset', 'ultrafast', ...more] }],
});
type Small = Partial<Budget['limits']> & { timeoutMs?: number };
const runWith = (budget: Small, ...more: string[]) => {
  const { timeoutMs = 30_000, ...limits } = budget;
  const ctx = { binaries, threads: 1, signal: AbortSignal.timeout(50_000), budget: { timeoutMs, limits } };
  return ffmpeg(endless(...more), ctx, { cwd: dir });
};

describe.runIf(process.platform === 'linux')('ffmpeg', () => {
  it.each<[string, string, Small]>([
    ['timed_out', 'the clock', { timeoutMs: 500 }],
    ['timed_out', 'CPU time', { cpuSeconds: 1 }],
    ['out_of_memory', 'memory', { memoryBytes: 200 * MiB }],
    ['corrupt_input', 'output', { outputBytes: MiB }],
  ])('is %s when %s runs out', async (code, _, budget) => {
    await expect(runWith(budget)).rejects.toMatchObject({ code });
    expect((await stat(path.join(dir, 'out.mp4'))).size).toBeLessThanOrEqual(budget.outputBytes ?? Infinity);
  });

  it('is not affected by a sufficient budget', async () => {
    await runWith(budgetOf({ durationMs: 1000, pixels: 1280 * 720, bytes: 0 }, 1).limits, '-t', '1');
  });
});

describe.runIf(process.platform === 'linux')('ffprobe', () => {
  const packetsOf = async (samples: number) => {
    const file = path.join(dir, `${samples}.mp4`);
    const source = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=1:duration=1'];
    await run(binaries.ffmpeg, ['-v', 'error', '-y', ...source, '-c:v', 'libx264', file]);
    await writeFile(file, claimingSamples(await readFile(file), samples));
    const first = ['-show_entries', 'packet=pos', '-read_intervals', '%+#1'];
    const ctx = { binaries, signal: AbortSignal.timeout(20_000) };
    return (await ffprobe<{ packets: unknown[] }>(file, 'mov', first, ctx)).packets;
  };

  it('gets no memory for an index of two kilobytes that declares 80 million entries', async () => {
    expect(await packetsOf(1_000)).toHaveLength(1);
    expect(await packetsOf(80_000_000)).toEqual([]);
  });
});

/** Samples of one byte, in one chunk, all of the same duration (ISO/IEC 14496-12, 8.6.1.2, 8.7.3 and 8.7.4). */
function claimingSamples(mp4: Buffer, samples: number): Buffer {
  const body = (type: string) => findBoxes(mp4, type)[0]!.body;
  mp4.writeUInt32BE(1, body('stsz') + 4);
  mp4.writeUInt32BE(samples, body('stsz') + 8);
  mp4.writeUInt32BE(samples, body('stts') + 8);
  mp4.writeUInt32BE(samples, body('stsc') + 12);
  return mp4;
}

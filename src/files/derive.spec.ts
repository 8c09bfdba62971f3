import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../platform/config/env.js';
import { resolveBinaries } from '../processing/binaries.js';
import { run } from '../processing/process.js';
import { derive } from './derive.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'derive-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

it('keeps two subtitle tracks of one language apart, and two of none', async () => {
  const binaries = await resolveBinaries();
  await writeFile(join(dir, 'lines.srt'), '1\n00:00:00,100 --> 00:00:00,900\nHello\n');
  const texts = Array.from({ length: 4 }, () => ['-i', 'lines.srt']).flat();
  const languages = ['ger', 'ger', 'und', 'und'].flatMap((code, i) => [`-metadata:s:s:${i}`, `language=${code}`]);
  const maps = [0, 1, 2, 3, 4].flatMap((i) => ['-map', String(i)]);
  await run(
    binaries.ffmpeg,
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=10:duration=1', ...texts, ...maps],
      ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:s', 'mov_text', ...languages, 'two.mp4'],
    ],
    { cwd: dir },
  );
  const context = { binaries, threads: 2, signal: AbortSignal.timeout(30_000) };
  const { made } = await derive.video(join(dir, 'two.mp4'), join(dir, 'out'), readConfig({}).limits, context);
  const tracks = made.filter(({ role }) => role === 'subtitles');
  expect(tracks.map(({ name, facts }) => `${name} ${String(facts?.label)}`)).toEqual([
    'de German',
    'de-x-2 German',
    'und und',
    'und-x-2 und-x-2',
  ]);
});

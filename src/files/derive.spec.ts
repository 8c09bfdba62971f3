import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../platform/config/env.js';
import { resolveBinaries } from '../processing/run/binaries.js';
import { run } from '../processing/run/process.js';
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
  const { outputs } = await derive.video(join(dir, 'two.mp4'), join(dir, 'out'), readConfig({}).limits, context);
  const tracks = outputs.filter(({ role }) => role === 'subtitles');
  expect(tracks.map(({ name, facts }) => `${name} ${String(facts?.label)}`)).toEqual([
    'de German',
    'de-x-2 German',
    'und und',
    'und-x-2 und-x-2',
  ]);
});

it('shortens a language tag to what a database, a playlist and an address can hold', async () => {
  const binaries = await resolveBinaries();
  await writeFile(join(dir, 'lines.srt'), '1\n00:00:00,100 --> 00:00:00,900\nHello\n');
  const inputs = ['testsrc2=size=160x90:rate=10:duration=1', 'sine=duration=1', 'sine=duration=1'];
  const long = 'sl-Latn-IT-rozaj-1994-biske-x-lo';
  const languages = {
    ...{ 'a:0': 'de-1996-1996', 'a:1': `en"\r\n#EXT-X-ENDLIST`, 's:0': long, 's:1': long, 's:2': 'x'.repeat(5000) },
  };
  await run(
    binaries.ffmpeg,
    [
      ...['-v', 'error', ...inputs.flatMap((graph) => ['-f', 'lavfi', '-i', graph])],
      ...['-i', 'lines.srt', '-i', 'lines.srt', '-i', 'lines.srt'],
      ...[0, 1, 2, 3, 4, 5].flatMap((i) => ['-map', String(i)]),
      ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-c:s', 'srt'],
      ...Object.entries(languages).flatMap(([stream, tag]) => [`-metadata:s:${stream}`, `language=${tag}`]),
      'tags.mkv',
    ],
    { cwd: dir },
  );
  const context = { binaries, threads: 2, signal: AbortSignal.timeout(30_000) };
  const { outputs, facts } = await derive.video(
    join(dir, 'tags.mkv'),
    join(dir, 'tags'),
    readConfig({}).limits,
    context,
  );
  expect(facts.language).toBeNull();
  const sounds = outputs.filter(({ role }) => role === 'audio');
  expect(sounds.map((sound) => sound.facts)).toMatchObject([
    { language: null, label: 'Track 1' },
    { language: null, label: 'Track 2' },
  ]);
  const texts = outputs.filter(({ role }) => role === 'subtitles');
  expect(texts.map(({ name }) => name)).toEqual(['sl', 'sl-x-2', 'und']);
});

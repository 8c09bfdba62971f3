import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { run } from '../run/process.js';
import { deriveVideo } from '../video/video.js';
import { deriveMusic } from './audio.js';

let dir: string;
let binaries: Binaries;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'floats-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const limits = { maxBytes: 1e7, maxPixels: 1e6, maxFrames: 1 };
const context = () => ({ binaries, threads: 2, signal: AbortSignal.timeout(60_000) });
const out = () => path.join(dir, `out-${++count}`);
const tone = (layout: string) => [
  '-f',
  'lavfi',
  '-i',
  `sine=duration=2:sample_rate=48000,aformat=channel_layouts=${layout}`,
];

/** Sound as 32 bit floats, with a tenth of a second overwritten in the middle. The samples end the file. */
async function floats(name: string, layout: string, value: number, ...more: string[]): Promise<string> {
  const file = path.join(dir, name);
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...tone(layout), ...more, '-c:a', 'pcm_f32le', file]);
  const bytes = await readFile(file);
  const first = (bytes.length % 4) + 4 * Math.floor(bytes.length / 8);
  for (let i = 0; i < 4_800; i++) bytes.writeFloatLE(value, first + 4 * i);
  await writeFile(file, bytes);
  return file;
}

it.each([
  ['not a number, mono', 'mono', NaN],
  ['not a number, 5.1', '5.1', NaN],
  ['infinite', 'stereo', Infinity],
  ['negative infinite', 'stereo', -Infinity],
  ['near the largest float', 'stereo', 3e38],
])('processes music with samples that are %s, which become silence', async (name, layout, value) => {
  const { facts, waveform } = await deriveMusic(
    await floats(`${name.replaceAll(/\W/g, '')}.wav`, layout, value),
    out(),
    limits,
    context(),
  );
  expect(facts.durationMs).toBeCloseTo(2000, -2);
  expect(facts.loudness!.integratedLufs).toBeGreaterThan(-30);
  expect(facts.loudness!.integratedLufs).toBeLessThan(-15);
  const { data } = JSON.parse(await readFile(waveform.path, 'utf8')) as { data: number[] };
  // The tone has an eighth of full scale.
  expect(Math.max(...data.map(Math.abs))).toBeLessThan(25);
});

it('processes a video with such sound', async () => {
  const pictures = [
    '-f',
    'lavfi',
    '-i',
    'color=size=64x48:rate=5:duration=2',
    '-c:v',
    'libx264',
    '-map',
    '1',
    '-map',
    '0',
  ];
  const video = await deriveVideo(await floats('video.mkv', '5.1', NaN, ...pictures), out(), context());
  expect(video.facts).toMatchObject({ hasAudio: true, audioCodec: 'pcm_f32le' });
});

it('keeps samples beyond full scale', async () => {
  const { facts } = await deriveMusic(await floats('loud.wav', 'stereo', 1.5), out(), limits, context());
  expect(facts.loudness!.integratedLufs).toBeGreaterThan(-30);
});

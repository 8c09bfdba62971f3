import { expect, it } from 'vitest';
import { coverageFaults } from './coverage.js';
import type { Track } from './fragments.js';

const playlist = (...durations: number[]) => ({
  initBytes: 100,
  segments: durations.map((durationMs, i) => ({ durationMs, offset: 100 + i * 1000, bytes: 1000 })),
});
const track = (kind: Track['kind'], frameMs: number, ...spans: ([number, number] | null)[]): Track => ({
  ...{ kind, frameMs, durationMs: 10_000 },
  spans: spans.map((span) => span && { startMs: span[0], endMs: span[1] }),
});
const pictures = track('video', 40, [0, 4000], [4000, 8000], [8000, 10_000]);
const sound = (...spans: ([number, number] | null)[]) => track('audio', 21.3, ...spans);
const faultsOf = (...tracks: Track[]) => coverageFaults('360p', tracks, playlist(4000, 4000, 2000));

it('accepts sound whose borders differ by up to one of its frames', () => {
  expect(faultsOf(pictures, sound([-21.3, 4010], [4010, 7989], [7989, 10_021]))).toEqual([]);
  // How much longer than the picture it may be is not checked here.
  expect(faultsOf(pictures, sound([0, 4010], [4010, 7989], [7989, 10_090]))).toEqual([]);
});

it.each([
  ['no sound in a segment', [[0, 4000], null, [4000, 10_000]], 2],
  ['sound that is in a later segment', [[0, 21], null, [21, 10_000]], 3],
  [
    'sound that is not where its pictures are',
    [
      [62, 4062],
      [4062, 8062],
      [8062, 10_000],
    ],
    3,
  ],
  [
    'sound that ends before its pictures',
    [
      [0, 4000],
      [4000, 8000],
      [8000, 9900],
    ],
    1,
  ],
  [
    'a segment that overlaps the next one',
    [
      [0, 4000],
      [4000, 8060],
      [8010, 10_000],
    ],
    1,
  ],
] as [string, ([number, number] | null)[], number][])('reports %s', (_, spans, count) => {
  const faults = faultsOf(pictures, sound(...spans));
  expect(faults).toHaveLength(count);
  expect(faults[0]).toMatch(/^360p: segment \d of 3, \d+\.0 ms to \d+\.0 ms, contains (no )?audio/);
});

it('counts sound alone from its priming, as the playlist does', () => {
  const alone = sound([-21.3, 3978.7], [3978.7, 7978.7], [7978.7, 9960]);
  expect(faultsOf(alone)).toEqual([]);
  expect(faultsOf(pictures, alone)).toHaveLength(1);
  expect(faultsOf(sound([62, 4062], [4062, 8062], [8062, 10_062]))).toHaveLength(3);
});

it('reports pictures that do not begin at 0', () => {
  expect(faultsOf(track('video', 40, [83, 4083], [4083, 8083], [8083, 10_083]))).toHaveLength(3);
});

it('accepts a last segment without sound if it is shorter than a frame', () => {
  const short = [sound([0, 4010], [4010, 8015], null)];
  expect(coverageFaults('360p', short, playlist(4000, 4000, 16))).toEqual([]);
  expect(coverageFaults('360p', short, playlist(4000, 4000, 33))).toHaveLength(1);
});

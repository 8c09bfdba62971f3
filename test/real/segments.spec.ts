import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { resolveBinaries } from '../../src/processing/run/binaries.js';
import { deriveVideo } from '../../src/processing/video/video.js';
import { underCpuLoad } from '../setup/cpu-load.js';
import { incompleteSegments } from '../setup/segment-spans.js';
import { describeReal, pathOf } from './folder.js';

const patienceMs = 600_000;

/** Longer than the 10 s for which ffmpeg's muxers wait for a track by default. */
const longOnes = ['video/Test.ogv', 'video/big_buck_bunny_0_30.webm'];

describeReal('real videos of 20 s and more, while something else takes the CPU', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vitrine-segments-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it.each(longOnes)(
    'every segment of %s holds sound and pictures for its whole duration',
    async (file) => {
      const context = { binaries: await resolveBinaries(), threads: 2, niceness: 0 };
      const signal = AbortSignal.timeout(patienceMs);
      const early: string[] = [];
      const video = await underCpuLoad(() =>
        deriveVideo(pathOf(file), join(dir, 'out'), { ...context, signal }, async ({ renditions }) => {
          // What viewers get while the rest is being made.
          for (const rung of renditions) early.push(...(await incompleteSegments(rung.path, rung)));
        }),
      );
      expect(early).toEqual([]);
      for (const stream of [...video.renditions, ...video.sounds]) {
        expect(stream.segments.length).toBeGreaterThan(6);
        expect(await incompleteSegments(stream.path, stream), stream.name).toEqual([]);
      }
    },
    patienceMs,
  );
});

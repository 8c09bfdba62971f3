import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../setup/needs.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';
import { pathOf } from './folder.js';

const patienceMs = 900_000;
/** Takes as long as the video: only on request. */
const isAsked = Boolean(process.env.VITRINE_LONG) && !isLeftOut('real');

describe.runIf(isAsked)('a real video of six minutes', () => {
  let vitrine: Vitrine;
  beforeAll(async () => {
    vitrine = await Vitrine.start();
  });
  afterAll(() => vitrine.stop());

  it(
    'reports progress that never goes back, and becomes ready',
    async () => {
      const owner = await vitrine.signUp();
      const { body: file } = await owner.uploadFile('video', pathOf('video/long_1080p_lowbitrate.mp4'));
      const seen: number[] = [];
      const settled = await until(
        async () => {
          const { body } = await owner.get(`/api/files/${file.url}`).expect(200);
          seen.push(body.progress);
          return body.status !== 'processing' && body;
        },
        'the video',
        patienceMs,
        500,
      );
      expect(settled).toMatchObject({ status: 'ready', width: 1920, height: 1080, durationMs: 362_767 });
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(new Set(seen).size).toBeGreaterThan(50);
    },
    patienceMs,
  );
});

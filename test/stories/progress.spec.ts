import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { ffmpeg, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Steps come every second; the rest is for a busy machine. */
const maxStillMs = 3_000;
/** For an encoder of low priority. */
const patienceMs = 400_000;
const workers = 'image,video,audio';

let vitrine: Vitrine;
let ada: Client;
let bob: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  [ada, bob] = await Promise.all([vitrine.signUp(), vitrine.signUp()]);
});
afterAll(() => vitrine.stop());

/** Noise, so that encoding takes a while. */
const busy = (seconds: number) =>
  ffmpeg(
    ...['-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=30:duration=${seconds},noise=alls=20:allf=t`],
    ...['-f', 'lavfi', '-i', `sine=duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '8M', '-c:a', 'aac', 'busy.mp4'],
  );
const state = async (owner: Client, url: string): Promise<Json> =>
  (await owner.get(`/api/files/${url}`).expect(200)).body;
const uploaded = async (owner: Client, bytes: Buffer): Promise<string> =>
  (await owner.upload('video', bytes).expect(202)).body.url;

/** The states that its owner sees until `isEnough`, and the longest time without progress of a running file. */
async function followed(url: string, isEnough: (state: Json) => boolean): Promise<{ seen: Json[]; stillMs: number }> {
  const seen: Json[] = [];
  let [stillMs, movedAt] = [0, Date.now()];
  await until(
    async () => {
      const now = await state(ada, url);
      const before = seen.at(-1);
      if (before?.stage !== 'running' || now.progress !== before.progress) movedAt = Date.now();
      stillMs = Math.max(stillMs, Date.now() - movedAt);
      seen.push(now);
      return isEnough(now);
    },
    `${url} to come so far`,
    patienceMs,
    100,
  );
  return { seen, stillMs };
}
const progressOf = (seen: Json[]): number[] => seen.map(({ progress }) => progress);
const sorted = (values: number[]) => values.toSorted((a, b) => a - b);

it('a waiting file says so, and how many come before it', async () => {
  const clip = await video('320x180', 1);
  const urls: string[] = [];
  // Bytes after the end of an MP4 are ignored, but make each a different file.
  for (const n of [1, 2, 3]) urls.push(await uploaded(ada, Buffer.concat([clip, freeBox(n)])));
  const other = await uploaded(bob, clip);
  const waiting = async (owner: Client, url: string) => {
    const { status, stage, queuedBefore, progress } = await state(owner, url);
    expect({ status, stage, progress }).toEqual({ status: 'processing', stage: 'queued', progress: 0 });
    return queuedBefore;
  };
  expect([await waiting(ada, urls[0]!), await waiting(ada, urls[1]!), await waiting(ada, urls[2]!)]).toEqual([0, 2, 3]);
  expect(await waiting(bob, other), 'behind the first of another, before the others').toBe(1);

  vitrine.startWorker(workers);
  for (const url of urls) {
    const ready = await ada.settled(url, 120_000);
    expect(ready).toMatchObject({ status: 'ready', progress: 1 });
    expect(ready.stage).toBeUndefined();
    expect(ready.queuedBefore).toBeUndefined();
  }
  await bob.settled(other);
}, 180_000);

it(
  'a video of an unknown codec fails as such, and is not retried',
  async () => {
    const bytes = await video('320x180', 1);
    bytes.write('zzz1', bytes.lastIndexOf('avc1'), 'latin1');
    const url = await uploaded(ada, bytes);
    expect(await ada.settled(url, patienceMs)).toMatchObject({
      status: 'failed',
      failure: { code: 'unsupported_codec' },
    });
    const { rows } = await vitrine.db.query('select attempts from files where url = $1', [url]);
    expect(rows).toEqual([{ attempts: 1 }]);
  },
  patienceMs,
);

it(
  'progress always moves and never goes back, and the remaining time decreases',
  async () => {
    const url = await uploaded(ada, await busy(10));
    const { seen, stillMs } = await followed(url, ({ status }) => status !== 'processing');
    expect(seen.at(-1)).toMatchObject({ status: 'ready', progress: 1 });
    expect(stillMs).toBeLessThan(maxStillMs);
    const progress = progressOf(seen);
    expect(progress).toEqual(sorted(progress));
    const steps = progress.map((value, i) => value - (progress[i - 1] ?? 0));
    expect(Math.max(...steps), 'no jumps').toBeLessThan(0.35);
    const remaining = seen.flatMap(({ remainingMs }) => (remainingMs === undefined ? [] : [remainingMs as number]));
    expect(remaining.length).toBeGreaterThan(5);
    expect(remaining).toEqual(sorted(remaining).toReversed());
  },
  patienceMs,
);

it(
  'a second attempt continues the progress of the first',
  async () => {
    await vitrine.end(workers, 'SIGTERM');
    const url = await uploaded(ada, await video('320x180', 4));
    // As a first attempt left it.
    await vitrine.db.query('update files set attempts = 1, progress = 0.5 where url = $1', [url]);
    vitrine.startWorker(workers);
    const { seen, stillMs } = await followed(url, ({ status }) => status !== 'processing');
    expect(seen.at(-1)).toMatchObject({ status: 'ready', progress: 1 });
    expect(stillMs).toBeLessThan(maxStillMs);
    const progress = progressOf(seen);
    expect(progress[0]).toBeGreaterThanOrEqual(0.5);
    expect(progress).toEqual(sorted(progress));
  },
  patienceMs,
);

it(
  'a file whose worker stops is queued again',
  async () => {
    // Longer than a stopping worker gives its jobs to finish.
    const url = await uploaded(ada, await busy(24));
    const stageOf = (stage: string) =>
      until(
        async () => {
          const now = await state(ada, url);
          expect(now.status).toBe('processing');
          return now.stage === stage && now;
        },
        `${url} to be ${stage}`,
        60_000,
      );
    await stageOf('running');
    await vitrine.end(workers, 'SIGTERM');
    const waiting = await stageOf('queued');
    expect(waiting.queuedBefore).toBe(0);
    expect(waiting.remainingMs).toBeUndefined();
  },
  patienceMs,
);

/** ISO/IEC 14496-12, 8.1.2: a box without meaning. */
function freeBox(n: number): Buffer {
  const box = Buffer.alloc(12);
  box.writeUInt32BE(box.length);
  box.write('free', 4, 'latin1');
  box.writeUInt32BE(n, 8);
  return box;
}

import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../model/run.js';
import { repeatable, scripts, type Operation } from '../model/script.js';
import { recount } from '../setup/recount.js';
import { Vitrine } from '../setup/vitrine.js';

const { VITRINE_MODEL_RUNS, VITRINE_MODEL_SEED } = process.env;
const factor = Number(VITRINE_MODEL_RUNS ?? 1);
const worker = 'social,mail,maintenance';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [worker] });
});
afterAll(() => vitrine.stop());

/** Without shrinking: races do not repeat on a smaller script, so the original failure is reported. */
const holds = (numRuns: number, all: fc.Arbitrary<Operation[][]>, trouble?: () => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(all, (each) => run(vitrine, each, trouble)),
    {
      numRuns: numRuns * factor,
      endOnFailure: true,
      ...(VITRINE_MODEL_SEED && { seed: Number(VITRINE_MODEL_SEED) }),
    },
  );
const limitMs = 300_000 * factor;

it(
  'counters, lists and notifications are right, whatever eight people do in parallel',
  () => holds(5, scripts(50)),
  limitMs,
);

it(
  'also with the worker killed again and again',
  () =>
    holds(1, scripts(80), async () => {
      for (let kills = 0; kills < 3; kills++) {
        // The time a new one takes to have something to interrupt.
        await sleep(1_200 + Math.random() * 600);
        await vitrine.end(worker, 'SIGKILL');
        vitrine.startWorker(worker);
      }
    }),
  limitMs,
);

it(
  'with the API killed again and again, acknowledged changes remain',
  () =>
    holds(1, scripts(80, repeatable), async () => {
      for (let kills = 0; kills < 2; kills++) {
        await sleep(Math.random() * 600);
        await vitrine.end('api', 'SIGKILL');
        await vitrine.startApi();
      }
    }),
  limitMs,
);

it('and after all of it every stored counter matches what it counts', async () => {
  expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  // No workers: the consequences of requests must not distort one of the samples.
  vitrine = await Vitrine.start({ workers: [] });
});
afterAll(() => vitrine.stop());

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const accounts = 50;
const tries = 200;
beforeAll(async () => {
  for (let i = 0; i < accounts; i++)
    await vitrine
      .client()
      .post('/api/users', { username: `known${i}`, email: `known${i}@example.org`, password: 'correct horse battery' })
      .expect(201);
});

/**
 * Alternates existing and unknown accounts, so that load on the machine affects both; compares the medians.
 * @returns how much longer the slower one takes, relative to the faster
 */
async function difference(ask: (email: string) => Promise<Answer>): Promise<number> {
  const took = { known: [] as number[], unknown: [] as number[] };
  for (let i = -10; i < tries; i++) {
    const pair = i % 2 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
    for (const who of pair) {
      const start = performance.now();
      await ask(`${who}${(i + 10) % accounts}@example.org`);
      // The first ones warm up.
      if (i >= 0) took[who].push(performance.now() - start);
    }
  }
  const [a, b] = [median(took.known), median(took.unknown)];
  return Math.max(a, b) / Math.min(a, b) - 1;
}

// A quarter of the answer's time: the password's hash alone would be nine tenths of it, a skipped commit a half.
it.each([
  [
    'signing in',
    (usernameOrEmail: string) =>
      vitrine.client().post('/api/users/sign-in', { usernameOrEmail, password: 'wrong' }).expect(401),
  ],
  [
    'asking for a new password',
    (email: string) => vitrine.client().post('/api/users/password-reset', { email }).expect(202),
  ],
  [
    'guessing at a code',
    (email: string) =>
      vitrine
        .client()
        .put('/api/users/password-reset', { email, code: 'wrong', newPassword: 'staple of another kind' }),
  ],
] as const)('%s takes as long for an account that does not exist', async (_, ask) => {
  expect(await difference(ask)).toBeLessThan(0.25);
});

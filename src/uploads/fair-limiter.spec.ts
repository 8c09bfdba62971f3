import { setImmediate as tick, setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FairLimiter } from './fair-limiter.js';

const patienceMs = 60_000;

it('gives one owner a share of the places, so that the next one need not wait behind the rest', async () => {
  const limiter = new FairLimiter(3, 2, patienceMs);
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const run = (owner: string) =>
    limiter.run(owner, () => {
      began.push(owner);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const works = ['ada', 'ada', 'ada', 'ada', 'bob', 'cyd'].map(run);
  await tick();
  expect(began).toEqual(['ada', 'ada', 'bob']);
  ends.shift()!();
  await tick();
  expect(began).toEqual(['ada', 'ada', 'bob', 'cyd']);
  while (began.length < 6 || ends.length) {
    ends.shift()?.();
    await tick();
  }
  await Promise.all(works);
});

it('frees the place when work fails', async () => {
  const limiter = new FairLimiter(1, 1, patienceMs);
  await expect(limiter.run('ada', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(limiter.run('ada', async () => 'next')).resolves.toBe('next');
});

it('refuses who waits too long, and never begins their work', async () => {
  const limiter = new FairLimiter(1, 1, 50);
  let end!: () => void;
  const long = limiter.run('ada', () => new Promise<void>((resolve) => (end = resolve)));
  const began: string[] = [];
  const late = limiter.run('bob', async () => began.push('bob'));
  await expect(late).rejects.toMatchObject({ code: 'unavailable', extras: { headers: { 'retry-after': '30' } } });
  await wait(100); // Work that has begun may take longer.
  end();
  await long;
  await expect(limiter.run('bob', async () => 'next')).resolves.toBe('next');
  expect(began).toEqual([]);
});

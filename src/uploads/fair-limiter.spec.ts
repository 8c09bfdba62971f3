import { setImmediate as tick } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FairLimiter } from './fair-limiter.js';

it('gives one owner a share of the places, so that the next one need not wait behind the rest', async () => {
  const limiter = new FairLimiter(3, 2);
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
  const limiter = new FairLimiter(1, 1);
  await expect(limiter.run('ada', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(limiter.run('ada', async () => 'next')).resolves.toBe('next');
});

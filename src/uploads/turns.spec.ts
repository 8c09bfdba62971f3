import { setImmediate as tick } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turns } from './turns.js';

it('lets one owner have a share of the places, and the next one not wait behind the rest', async () => {
  const turns = new Turns(3, 2);
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const take = (owner: string) =>
    turns.take(owner, () => {
      began.push(owner);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const works = ['ada', 'ada', 'ada', 'ada', 'bob', 'cyd'].map(take);
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

it('gives the place back when work fails', async () => {
  const turns = new Turns(1, 1);
  await expect(turns.take('ada', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(turns.take('ada', async () => 'next')).resolves.toBe('next');
});

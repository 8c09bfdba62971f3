import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Loop } from './loop.js';

const pace = { pollMs: 60_000, gatherMs: 0 };

describe('a loop', () => {
  it('begins at once, and again for what wakes it meanwhile', async () => {
    let rounds = 0;
    const loop: Loop = new Loop(
      async () => {
        rounds++;
        if (rounds === 1) for (let i = 0; i < 10; i++) loop.wake();
        await sleep(1);
      },
      () => undefined,
      pace,
    );
    loop.start();
    await sleep(50);
    expect(rounds).toBe(2);
    loop.wake();
    await sleep(50);
    expect(rounds).toBe(3);
    await loop.stop();
    loop.wake();
    await sleep(10);
    expect(rounds).toBe(3);
  });

  it('goes on after an error', async () => {
    const errors: unknown[] = [];
    let rounds = 0;
    const loop = new Loop(
      async () => {
        if (++rounds === 1) throw new Error('once');
      },
      (error) => errors.push(error),
      { ...pace, pollMs: 5 },
    );
    loop.start();
    await sleep(50);
    await loop.stop();
    expect(errors).toHaveLength(1);
    expect(rounds).toBeGreaterThan(2);
  });

  it('waits between rounds, and for the last one', async () => {
    const starts: number[] = [];
    let isDone = false;
    const loop: Loop = new Loop(
      async () => {
        starts.push(performance.now());
        isDone = false;
        loop.wake();
        await sleep(10);
        isDone = true;
      },
      () => undefined,
      { ...pace, gatherMs: 40 },
    );
    loop.start();
    await sleep(150);
    await loop.stop();
    expect(isDone).toBe(true);
    for (const [i, start] of starts.slice(1).entries()) expect(start - starts[i]!).toBeGreaterThan(38);
  });
});

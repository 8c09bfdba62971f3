import { randomInt } from 'node:crypto';

const { VITRINE_SEED } = process.env;

/**
 * Reproducible random choices: run again with the `VITRINE_SEED` that a failure printed.
 * @returns a whole number from 0 below `n` (mulberry32, a generator of 32 bits)
 */
export function chance(of: string): (n: number) => number {
  const seed = Number(VITRINE_SEED ?? randomInt(2 ** 31));
  console.log(`${of}: VITRINE_SEED=${seed}`);
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

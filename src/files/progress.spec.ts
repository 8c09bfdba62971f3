import { expect, it } from 'vitest';
import { Progress } from './progress.js';

/**
 * What is shown over a number of seconds.
 * @param measured what tools report by then, 0..1; null: nothing new
 */
function shownOver(seconds: number, measured: (second: number) => number | null, base = 0) {
  let at = 0;
  const progress = new Progress(base, () => at * 1000);
  return Array.from({ length: seconds }, () => {
    at++;
    const fraction = measured(at);
    if (fraction !== null) progress.report(fraction);
    return progress.step();
  });
}
const rises = (values: number[]) => values.every((value, i) => i === 0 || value > values[i - 1]!);
const progressOf = (shown: { progress: number }[]) => shown.map(({ progress }) => progress);
/** Estimates, none of which is withdrawn. */
const remainingOf = (shown: { remainingMs: number | null }[]) =>
  shown.flatMap(({ remainingMs }, i) => {
    if (i && remainingMs === null) expect(shown[i - 1]!.remainingMs).toBeNull();
    return remainingMs === null ? [] : [remainingMs];
  });

it('moves every second, whatever is reported', () => {
  expect(rises(progressOf(shownOver(300, () => null)))).toBe(true);
  // A slow encoder that reports nothing at first.
  expect(rises(progressOf(shownOver(300, (s) => (s < 30 ? null : (s - 30) / 20_000))))).toBe(true);
  expect(rises(progressOf(shownOver(100, (s) => Math.floor(s / 10) / 10 - 0.001)))).toBe(true);
});

it('stays near the measured progress', () => {
  const shown = progressOf(shownOver(300, (s) => (s === 1 ? 0.4 : null)));
  expect(shown[0]).toBeCloseTo(0.4, 2);
  expect(shown.at(-1)).toBeLessThan(0.431);
  expect(progressOf(shownOver(600, () => 0.99)).at(-1)).toBeLessThan(1);
});

it('continues from what an earlier attempt has shown', () => {
  const shown = progressOf(shownOver(100, (s) => s / 100, 0.6));
  expect(shown[0]).toBeGreaterThan(0.6);
  expect(rises(shown)).toBe(true);
  expect(shown.at(-1)).toBe(1);
});

it('estimates the remaining time, and ignores noise', () => {
  const remaining = remainingOf(shownOver(100, (s) => (s + 3 * Math.sin(s)) / 100));
  expect(remaining).toEqual(remaining.toSorted((a, b) => b - a));
  expect(remaining[40]! / 1000).toBeGreaterThan(35);
  expect(remaining[40]! / 1000).toBeLessThan(65);
  expect(remaining.at(-1)).toBeLessThan(5_000);
});

it('replaces an estimate that was too low by half', () => {
  const remaining = remainingOf(shownOver(200, (s) => (s < 20 ? s / 40 : 0.5 + (s - 20) / 1000)));
  expect(remaining[15]).toBeLessThan(25_000);
  expect(remaining.at(-1)).toBeGreaterThan(40_000);
});

import { expect, it } from 'vitest';
import { PacketClock } from './packet-clock.js';

/** The first packet that is too many; null if none of them is. */
function refusedAt(packets: number, timeOf: (packet: number) => number): number | null {
  const clock = new PacketClock();
  for (let i = 0; i < packets; i++) if (clock.add(timeOf(i))) return i;
  return null;
}

it('lets pass what any codec needs, in any order, and clocks that start over or do not run', () => {
  expect(refusedAt(2_000_000, (i) => i / 1.2)).toBeNull();
  expect(refusedAt(2_000_000, (i) => (i % 2 ? i - 50 : i + 50))).toBeNull();
  expect(refusedAt(200_000, (i) => (i % 300) * 20)).toBeNull();
  expect(refusedAt(200_000, () => NaN)).toBeNull();
});

it('refuses more than their time can hold', () => {
  expect(refusedAt(300_000, () => 5)).toBe(200_000);
  expect(refusedAt(300_000, () => NaN)).toBe(200_000);
  expect(refusedAt(2_000_000, (i) => i / 2)).toBeCloseTo(800_000, -1);
});

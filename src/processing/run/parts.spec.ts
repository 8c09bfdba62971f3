import { expect, it } from 'vitest';
import { inParts } from './parts.js';

it('weights consecutive parts', () => {
  const seen: number[] = [];
  const part = inParts([1, 6, 3], (fraction) => seen.push(Math.round(fraction * 100) / 100));
  part(0)(1);
  part(1)(0.5);
  part(1)(1);
  part(2)(0);
  part(2)(1);
  expect(seen).toEqual([0.1, 0.4, 0.7, 0.7, 1]);
});

it('works without a listener', () => {
  expect(() => inParts([1], undefined)(0)(1)).not.toThrow();
});

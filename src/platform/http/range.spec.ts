import { expect, it } from 'vitest';
import { parseRange } from './range.js';

it.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=10-19', { start: 10, end: 19 }],
  ['bytes=90-', { start: 90, end: 99 }],
  ['bytes=90-1000', { start: 90, end: 99 }],
  ['bytes=-7', { start: 93, end: 99 }],
  ['bytes=-1000', { start: 0, end: 99 }],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=100-200', 'unsatisfiable'],
  ['bytes=20-10', null],
  ['bytes=-', null],
  ['bytes=1-2,5-6', null],
  ['bytes=1x-2', null],
  ['items=1-2', null],
  [undefined, null],
])('reads %s', (header, range) => {
  expect(parseRange(header, 100)).toEqual(range);
});

it('can not be satisfied for an empty body', () => {
  expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
});

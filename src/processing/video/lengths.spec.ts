import { describe, expect, it } from 'vitest';
import { compareLengths, compareWithHeader } from './lengths.js';

const corrupt = expect.objectContaining({ code: 'corrupt_input' }) as Error;

describe('compareLengths', () => {
  it.each([
    ['the last of 8.8 frames a second', 5000 - 153, 5000, 1000 / 8.8],
    ['two frames of a time lapse', 20_000, 26_000, 3000],
    ['a hundredth', 297_500, 300_000, 40],
    ['the priming of an encoder', 10_250, 10_000, 0],
  ])('ignores %s', (_, made, source, frame) => {
    expect(compareLengths('it', made, source, frame)).toBeNull();
  });

  it('warns of a larger difference, in either direction', () => {
    expect(compareLengths('it', 9_500, 10_000, 40)).toMatchObject({
      code: 'length_differs',
      detail: expect.stringContaining('500 ms shorter'),
    });
    expect(compareLengths('it', 12_000, 10_000, 40)).toMatchObject({
      code: 'length_differs',
      detail: expect.stringContaining('2000 ms longer'),
    });
  });

  it('fails if more than a tenth is missing', () => {
    expect(() => compareLengths('it', 8_999, 10_000, 40)).toThrow(corrupt);
    expect(compareLengths('it', 9_001, 10_000, 40)).not.toBeNull();
  });
});

describe('compareWithHeader', () => {
  it('warns of a wrong duration, however wrong, if no bytes are missing', () => {
    expect(compareWithHeader(3_600_000, 10_000, 40, false)).toMatchObject({ code: 'wrong_duration' });
    expect(compareWithHeader(1_000, 10_000, 40, true)).toMatchObject({ code: 'wrong_duration' });
  });

  it('reports how much is missing if the file is truncated', () => {
    expect(compareWithHeader(10_000, 9_800, 40, true)).toBeNull();
    expect(compareWithHeader(10_000, 9_500, 40, true)).toMatchObject({ code: 'truncated' });
    expect(() => compareWithHeader(10_000, 8_900, 40, true)).toThrow(corrupt);
  });
});

import { describe, expect, it } from 'vitest';
import { line, text } from './text-fields.js';

const decomposed = 'e\u0302\u0301'; // ế, in three code points

describe('a text field', () => {
  it('is NFC, with a maximum length in that form', () => {
    expect(line(10).parse(decomposed.repeat(10))).toBe('ế'.repeat(10));
    expect(line(10).safeParse('ế'.repeat(11)).success).toBe(false);
  });

  it('is trimmed, and may be empty by default', () => {
    expect(line(10).parse('  ada \t')).toBe('ada');
    expect(line(10).parse('   ')).toBe('');
    expect(line(10, 1).safeParse('   ').success).toBe(false);
  });

  it('normalises its line ends, or allows none', () => {
    expect(text(20).parse('a\r\nb\tc\n')).toBe('a\nb\tc');
    expect(line(20).safeParse('a\nb').success).toBe(false);
  });

  it.each([
    ['an endless run of combining marks', `a${'\u0301'.repeat(31)}`],
    ['far more than it may be', '\u0301'.repeat(1_000_000)],
    ['a control character', 'a\u0007'],
    ['half a surrogate pair', 'a\uD83D'],
    ['an override of direction', 'a\u202Eb'],
  ])('refuses %s', (_, value) => {
    expect(text(100).safeParse(value).error?.issues).toHaveLength(1);
  });

  it('accepts the marks of languages that need several', () => {
    for (const word of ['ཧྐྵྨླྺྼྻྂ', 'שָׁלוֹם', 'ก็้', 'नमस्ते']) expect(line(40).parse(word)).toBe(word.normalize('NFC'));
  });
});

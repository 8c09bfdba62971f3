import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { languageOf } from './languages.js';

describe('languageOf', () => {
  it.each([
    ['ger', 'de'],
    ['deu', 'de'],
    ['eng', 'en'],
    ['EN-us', 'en-US'],
    ['sr-Latn', 'sr-Latn'],
    ['en-a-bbb-x-a', 'en-a-bbb-x-a'],
  ])('%s is %s', (code, tag) => {
    expect(languageOf(code)).toBe(tag);
  });

  it.each([
    undefined,
    '',
    'und',
    'und-Latn',
    'x-klingon',
    'german',
    'de-1996-1996',
    'en-a-bbb-a-ccc',
    'en-u',
    'en"',
    'en\r\n#EXT',
    'en\0',
    'e\ud800',
    `en-${'aaaaaaaa-'.repeat(3)}aaaaaaaa`,
    'x'.repeat(10 ** 7),
    'constructor',
    '__proto__',
  ])('%j is null', (code) => {
    expect(languageOf(code)).toBeNull();
  });

  it('is canonical and short for any input', () => {
    const subtag = fc.string({ unit: fc.constantFrom(...'abcuxtz019'), minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(subtag, { minLength: 1, maxLength: 8 }), (subtags) => {
        const tag = languageOf(subtags.join('-'));
        if (tag === null) return;
        expect(tag.length).toBeLessThanOrEqual(35);
        expect(Intl.getCanonicalLocales(tag)).toEqual([tag]);
      }),
      { numRuns: 2000 },
    );
  });
});

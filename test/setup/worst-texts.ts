/** Texts that are expensive for parsers, normalisers and regular expressions, each as a unit to repeat. */
export const worstTexts: Record<string, string> = {
  'combining marks': '\u0301',
  'combining marks in the wrong order': '\u0315\u0300\u05AE',
  'decomposed letters': 'a\u0323\u0302',
  'expanding letters': '\uFDFA',
  'half surrogates': '\uD83D',
  emoji: '👩‍👩‍👧‍👦',
  letters: 'a',
  spaces: ' ',
  'spaces and letters': 'a ',
  newlines: '\n',
  digits: '1',
  '<': '<',
  '{\\': '{\\',
  'nested brackets': '[(',
  '@names': '@a.',
  '#tags': '#a',
  addresses: 'http://a.',
  dots: '.',
  'at signs': 'a@',
  hyphens: '-a',
  slashes: '/..',
  quotes: '"\\',
  percents: '%2',
};

/** @param units UTF-16 units */
export const filled = (unit: string, units: number): string =>
  unit.repeat(Math.ceil(units / unit.length)).slice(0, units);

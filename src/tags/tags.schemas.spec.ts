import { expect, it } from 'vitest';
import { TagName } from './tags.schemas.js';

it.each([
  ['Sunset', 'sunset'],
  ['  #Cafe\u0301 ', 'café'],
  // Its lower case has one character for both.
  ['T\u0308est', 'ẗest'],
  ['写真', '写真'],
  ['🌅', '🌅'],
  ['🌅sunset', '🌅sunset'],
  ['👩🏽‍🚀', '👩🏽‍🚀'],
  ['🏳️‍🌈', '🏳️‍🌈'],
  ['🇩🇪', '🇩🇪'],
])('%j is the tag %s', (given, name) => expect(TagName.parse(given)).toBe(name));

it.each(['', '#', 'two words', 'a\u200Db', '\u200D🌅', '🌅\u200D', 'x'.repeat(65), `a${'\u0301'.repeat(31)}`])(
  '%j is no tag',
  (given) => expect(TagName.safeParse(given).success).toBe(false),
);

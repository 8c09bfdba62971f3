import { describe, expect, it } from 'vitest';
import { maxMentions, read } from './texts.js';

const names = (text: string) => read(text).names.map((candidates) => candidates.at(-1));
const tags = (text: string) => read(text).tags;

describe('mentions', () => {
  it.each([
    ['@ada', ['ada']],
    ['hello @Ada, and (@bob_2)!', ['ada', 'bob_2']],
    ['@ada @ADA', ['ada']],
    ['＠ada', ['ada']],
    ['写真は@adaさんの', ['ada']],
    ['@ada에게', ['ada']],
    ['@al', ['al']],
    ["@ada's, @bob: @eve; -@kim", ['ada', 'bob', 'eve', 'kim']],
    ['mail ada@example.org, josé@example.org or a.@example.org', []],
    ['@ada@elsewhere.org', []],
    ['@ada://x', []],
    ['@@ada', []],
    ['@a', []],
    ['@..', []],
    ['@adaé @ad1é @ad1e\u0301', []],
    [`@${'x'.repeat(31)}`, []],
    [`@${'x'.repeat(30)}.`, ['x'.repeat(30)]],
    ['https://example.org/@ada www.example.org/@bob @eve', ['eve']],
    ['@', []],
  ])('%s', (text, found) => expect(names(text)).toEqual(found));

  it('may end with the end of a sentence, or of a name', () => {
    expect(read('I saw @ada.').names).toEqual([['ada.', 'ada']]);
    expect(read('@a.b-.-').names).toEqual([['a.b-.-', 'a.b-.', 'a.b-', 'a.b']]);
  });

  it('are limited per text', () => {
    const text = Array.from({ length: 80 }, (_, i) => `@user${i}`).join(' ');
    expect(names(text)).toEqual(Array.from({ length: maxMentions }, (_, i) => `user${i}`));
  });
});

describe('hashtags', () => {
  it.each([
    ['#Sunset at the #sea', ['sunset', 'sea']],
    ['#Cafe\u0301 #CAFÉ', ['café']],
    ['＃写真 #日本語 #हिन्दी #дом', ['写真', '日本語', 'हिन्दी', 'дом']],
    ['#2026 #_ #️⃣ #1_2', []],
    ['#2026ad #a_b', ['2026ad', 'a_b']],
    ['(#in) "#quotes", #end.', ['in', 'quotes', 'end']],
    ['#foo-bar', ['foo']],
    ['https://example.org/#frag https://example.org#x example.org/#y', []],
    ['a#b ##c &#39; #', []],
    [`#${'x'.repeat(65)} #${'y'.repeat(64)}`, ['y'.repeat(64)]],
    ['@ada#b', []],
    ['#🎉 #sunset🌅 #👩🏽‍🚀!', ['🎉', 'sunset🌅', '👩🏽‍🚀']],
  ])('%s', (text, found) => expect(tags(text)).toEqual(found));
});

it('long texts of only signs are parsed fast', () => {
  for (const part of ['@', '#', '@a', '#a', '.', 'http://', 'www.', '@a.', '@a\u0301', '＠＃'])
    expect(read(part.repeat(2_000)).names.length).toBeLessThanOrEqual(maxMentions);
});

import { describe, expect, it } from 'vitest';
import { letter } from './letters.js';
import { catalogues, languageFor, type Catalogue, type MailName } from './words.js';

const about = { name: 'Ada', username: 'ada', locale: 'en', origin: 'https://vitrine.example' };
const code = { digits: '048213', validForMs: 60 * 60_000 };
const names = Object.keys(catalogues.get('en')!.mails) as MailName[];
/** Mails to unverified addresses. */
const coded = ['verifyEmail', 'resetPassword', 'changeEmail'];
const signed = names.filter((name) => !coded.includes(name));
const { locale, origin } = about;
const toNobody = { locale, origin, code };
const written = (name: MailName, locale = 'en') =>
  letter(name, coded.includes(name) ? { ...toNobody, locale } : { ...about, locale });

describe('a letter with a code', () => {
  it('contains the code and how long it is valid, in both parts', () => {
    const { subject, text, html } = letter('verifyEmail', toNobody);
    expect(subject).toBe('048213 is your Vitrine code');
    for (const part of [text, html]) {
      expect(part).toContain('Hello,');
      expect(part).toContain('048213');
      expect(part).toContain('1 hour');
      expect(part).toContain('https://vitrine.example');
    }
    expect(letter('verifyEmail', { ...toNobody, code: { ...code, validForMs: 15 * 60_000 } }).text).toContain(
      '15 minutes',
    );
  });
});

describe('every letter', () => {
  it.each(coded)('%s contains neither name nor username: they could be a message to a stranger', (mail) => {
    for (const language of catalogues.keys()) expect(() => written(mail as MailName, language)).not.toThrow();
  });

  it.each(signed)('%s shows names literally and never as markup', (mail) => {
    const name = `<img src=x onerror="alert('1')"> & {code} '{co`;
    const { subject, text, html } = letter(mail, { ...about, name });
    expect(text).toContain(`Hello ${name},`);
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; {code}');
    expect(html).not.toContain('<img');
    expect(subject).not.toMatch(/[{}]/);
  });

  it.each(names)('%s contains no other address than the configured one, and no secret in it', (mail) => {
    for (const language of catalogues.keys()) {
      const { html } = written(mail, language);
      expect(html.match(/https?:[^\s<"]*/g)?.map((found) => found.replace(/\.$/, ''))).toEqual([about.origin]);
      expect(html).toContain(`<html lang="${language}">`);
    }
  });
});

describe('the languages', () => {
  it.each([
    ['de', 'de'],
    ['de-AT', 'de'],
    ['de-Latn-CH', 'de'],
    ['en-GB', 'en'],
    ['tlh', 'en'],
    ['', 'en'],
    ['constructor', 'en'],
  ])('a reader of %j gets %j', (locale, language) => {
    expect(languageFor(locale)).toBe(language);
  });

  it('format numbers as in their language', () => {
    expect(letter('verifyEmail', { ...toNobody, locale: 'de-AT' }).text).toContain('gilt 1 Stunde,');
  });

  it.each([...catalogues.keys()])('%s has all English texts, with the same placeholders', (language) => {
    expect(factsOf(catalogues.get(language)!)).toEqual(factsOf(catalogues.get('en')!));
  });
});

/** The placeholders of each part of each mail. */
function factsOf({ greeting, greetingOfNobody, signature, mails }: Catalogue) {
  const found: Record<string, string[]> = {
    greeting: placeholders(greeting),
    greetingOfNobody: placeholders(greetingOfNobody),
    signature: placeholders(signature),
  };
  for (const [name, { subject, before, after = [] }] of Object.entries(mails)) {
    found[`${name}.subject`] = placeholders(subject);
    found[`${name}.before`] = before.flatMap(placeholders).toSorted();
    found[`${name}.after`] = after.flatMap(placeholders).toSorted();
    for (const words of [subject, ...before, ...after]) expect(words.trim(), `words of ${name}`).not.toBe('');
  }
  return found;
}

const placeholders = (message: string): string[] => [...message.matchAll(/\{(\w+)/g)].map(([, name]) => name!);

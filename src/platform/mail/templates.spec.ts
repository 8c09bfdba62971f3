import { describe, expect, it } from 'vitest';
import { verificationMail } from './templates.js';

const facts = { name: 'Ada', code: '048213', validForMs: 60 * 60_000 };

describe('verification mail', () => {
  it('holds the code and for how long it is good, in both parts', () => {
    const { subject, text, html } = verificationMail(facts);
    expect(subject).toContain('048213');
    for (const part of [text, html]) {
      expect(part).toContain('Hello Ada,');
      expect(part).toContain('048213');
      expect(part).toContain('1 hour');
    }
    expect(verificationMail({ ...facts, validForMs: 15 * 60_000 }).text).toContain('15 minutes');
  });

  it('shows a name as it is and never as markup', () => {
    const { text, html } = verificationMail({ ...facts, name: `<img src=x onerror="alert('1')"> & co` });
    expect(text).toContain(`<img src=x onerror="alert('1')"> & co`);
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; co');
    expect(html).not.toContain('<img');
  });

  it.each(['en', 'en-GB', 'tlh', '', 'constructor'])('speaks English for the locale %j', (locale) => {
    expect(verificationMail(facts, locale).text).toContain('Hello Ada,');
  });
});

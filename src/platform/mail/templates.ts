/** What a template gives: everything of a mail but its recipient. */
export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

/** A mail in words: where the code stands, and paragraphs before and after it. */
interface Words {
  subject: string;
  greeting: string;
  before: string;
  code: string;
  after: string[];
}

interface Verification {
  name: string;
  code: string;
  /** Milliseconds from now. */
  validForMs: number;
}

/** Everything that is said in one language. */
interface Catalogue {
  verification(facts: Verification): Words;
}

const en: Catalogue = {
  verification: ({ name, code, validForMs }) => ({
    subject: `${code} is your Vitrine code`,
    greeting: `Hello ${name},`,
    before: 'this code confirms that the address is yours:',
    code,
    after: [
      `It is good for ${duration('en', validForMs)}, and only until you ask for another one.`,
      'If you did not sign up at Vitrine, ignore this mail: without the code nothing happens.',
    ],
  }),
};

const catalogues = new Map<string, Catalogue>([['en', en]]);

/** `pt-BR` finds `pt-BR`, then `pt`, then English. */
const catalogueFor = (locale: string) => catalogues.get(locale) ?? catalogues.get(locale.split('-')[0] ?? '') ?? en;

export const verificationMail = (facts: Verification, locale = 'en'): Rendered =>
  render(catalogueFor(locale).verification(facts));

function duration(locale: string, ms: number): string {
  const minutes = Math.round(ms / 60_000);
  const [value, unit] = minutes % 60 === 0 ? [minutes / 60, 'hour'] : [minutes, 'minute'];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}

function render({ subject, greeting, before, code, after }: Words): Rendered {
  const text = [greeting, before, `    ${code}`, ...after].join('\n\n');
  const paragraph = (words: string) => `<p style="margin:0 0 16px">${escapeHtml(words)}</p>`;
  const html = `<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;padding:32px 16px;background:#f4f4f2;color:#222;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:480px;margin:0 auto;padding:32px;background:#fff;border-radius:12px">
${paragraph(greeting)}
${paragraph(before)}
<p style="margin:0 0 16px;font:600 32px/1.2 ui-monospace,monospace;letter-spacing:6px">${escapeHtml(code)}</p>
${after.map(paragraph).join('\n')}
</div>
</body>
</html>`;
  return { subject, text: `${text}\n`, html };
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

import { IntlMessageFormat } from 'intl-messageformat';
import de from './words/de.json' with { type: 'json' };
import en from './words/en.json' with { type: 'json' };

/**
 * All mail texts of one language, in ICU message format. English has every mail; a test compares the others with it.
 */
export interface Catalogue {
  greeting: string;
  /** For mails to an unknown person. */
  greetingOfNobody: string;
  signature: string;
  mails: Record<MailName, Words>;
}
interface Words {
  subject: string;
  before: string[];
  /** Below the code or link. */
  after?: string[];
}
export type MailName = Exclude<keyof typeof en, 'greeting' | 'greetingOfNobody' | 'signature'>;

const catalogue = ({ greeting, greetingOfNobody, signature, ...mails }: typeof en): Catalogue => ({
  greeting,
  greetingOfNobody,
  signature,
  mails,
});

export const catalogues = new Map([
  ['en', catalogue(en)],
  ['de', catalogue(de)],
]);

/** `zh-Hant-TW` finds `zh-Hant-TW`, `zh-Hant`, `zh`, then English (RFC 4647, lookup). */
export function languageFor(locale: string): string {
  const parts = locale.split('-');
  for (let n = parts.length; n > 0; n--) {
    const tag = parts.slice(0, n).join('-');
    if (catalogues.has(tag)) return tag;
  }
  return 'en';
}

export type Facts = Record<string, string | number>;

/** Compiled messages: compiling takes longer than formatting. */
const read = new Map<string, IntlMessageFormat>();

/** @throws {Error} if the message names a fact that is not given */
export function say(message: string, language: string, facts: Facts): string {
  const key = `${language} ${message}`;
  // Values are plain text: `<b>` in a name is three characters.
  const format = read.get(key) ?? new IntlMessageFormat(message, language, undefined, { ignoreTag: true });
  read.set(key, format);
  return String(format.format(facts));
}

/** `1 hour`, `15 Minuten` */
export function duration(ms: number, language: string): string {
  const minutes = Math.round(ms / 60_000);
  const [value, unit] = minutes % 60 === 0 ? [minutes / 60, 'hour'] : [minutes, 'minute'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}

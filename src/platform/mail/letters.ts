import { Eta } from 'eta';
import { fileURLToPath } from 'node:url';
import { catalogues, duration, languageFor, say, type MailName } from './words.js';

/** Everything of a mail but its recipient. */
export interface Letter {
  subject: string;
  text: string;
  html: string;
}

interface About {
  /** Whom it greets. Not in mails to an address that is not verified: its owner has chosen neither. */
  name?: string;
  username?: string;
  /** The language they asked for, as BCP 47. */
  locale: string;
  /** Where this Vitrine is: from the configuration, never from a request. */
  origin: string;
  code?: {
    digits: string;
    /** Milliseconds from now. */
    validForMs: number;
  };
  /** What it lists, a line each. */
  lines?: string[];
  /** An address that the mail is about. */
  link?: string;
}

interface Written {
  language: string;
  subject: string;
  greeting: string;
  before: string[];
  lines: string[];
  code: string | undefined;
  link: string | undefined;
  after: string[];
  signature: string;
}

// Escapes every value it is given.
const eta = new Eta({ views: fileURLToPath(new URL('.', import.meta.url)), cache: true });

/** One of the mails of words/*.json, in the best language there is for its reader. */
export function letter(mail: MailName, { name, username, locale, origin, code, lines = [], link }: About): Letter {
  const language = languageFor(locale);
  const { greeting, greetingOfNobody, signature, mails } = catalogues.get(language)!;
  const facts = {
    ...(name !== undefined && { name }),
    ...(username !== undefined && { username }),
    origin,
    ...(code && { code: code.digits, duration: duration(code.validForMs, language) }),
  };
  const tell = (message: string) => say(message, language, facts);
  const words: Written = {
    language,
    subject: tell(mails[mail].subject),
    greeting: tell(name === undefined ? greetingOfNobody : greeting),
    before: mails[mail].before.map(tell),
    lines,
    code: code?.digits,
    link,
    after: (mails[mail].after ?? []).map(tell),
    signature: tell(signature),
  };
  return { subject: words.subject, text: toText(words), html: eta.render('letter', words) };
}

function toText({ greeting, before, lines, code, link, after, signature }: Written): string {
  const list = lines.length ? [lines.map((line) => `- ${line}`).join('\n')] : [];
  const paragraphs = [
    greeting,
    ...before,
    ...list,
    ...(code ? [`    ${code}`] : []),
    ...(link ? [link] : []),
    ...after,
  ];
  // "-- " begins a signature (RFC 3676, 4.3).
  return `${paragraphs.join('\n\n')}\n\n-- \n${signature}\n`;
}

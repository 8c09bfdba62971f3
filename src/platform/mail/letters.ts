import { Eta } from 'eta';
import { fileURLToPath } from 'node:url';
import { catalogues, duration, languageFor, say, type MailName } from './words.js';

/** A mail without its recipient. */
export interface Letter {
  subject: string;
  text: string;
  html: string;
}

interface About {
  /** Whom the mail greets. Absent in mails to an unverified address, whose owner chose neither. */
  name?: string;
  username?: string;
  /** The reader's language, as BCP 47. */
  locale: string;
  /** Address of this Vitrine: from the configuration, never from a request. */
  origin: string;
  code?: {
    digits: string;
    /** Milliseconds from now. */
    validForMs: number;
  };
  /** Rendered as a list. */
  lines?: string[];
  /** The address that the mail asks to open. */
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

// Escapes every value.
const eta = new Eta({ views: fileURLToPath(new URL('.', import.meta.url)), cache: true });

/** Renders a mail of words/*.json in the best available language for its reader. */
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

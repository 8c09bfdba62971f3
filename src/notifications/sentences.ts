import { languageFor, say } from '../platform/mail/words.js';
import type { KindName } from './kinds.js';
import de from './words/de.json' with { type: 'json' };
import en from './words/en.json' with { type: 'json' };

type Words = Record<KindName | 'activity' | 'who' | 'titled' | 'photo' | 'video' | 'reel' | 'music', string>;
const catalogues: Record<string, Words> = { en, de };

export interface Told {
  kind: KindName;
  /** Name of the latest actor; undefined if nobody did it. */
  name: string | undefined;
  actorsCount: number;
  emoji: string | null;
  media: { title: string; type: 'photo' | 'video' | 'reel' | 'music' } | null;
  filename: string | null;
}

/** “Ada and 40 others liked “Sunset””, in the best available language for the reader. */
export function sentence({ kind, name, actorsCount, emoji, media, filename }: Told, locale: string): string {
  const language = languageFor(locale);
  const words = catalogues[language]!;
  const format = (message: string, facts: Record<string, string | number>) => say(message, language, facts);
  const who = name === undefined ? '' : format(words.who, { name, others: actorsCount - 1 });
  const thing = !media ? '' : media.title ? format(words.titled, { title: media.title }) : words[media.type];
  return format(words[kind], { who, thing, emoji: emoji ?? '', filename: filename ?? '' }).trim();
}

/** Says nothing of what it is. */
export const quietSentence = (locale: string): string => catalogues[languageFor(locale)]!.activity;

import { amounts } from '../platform/limits/amounts.js';
import { toNfcLeniently } from '../platform/unicode.js';
import { maxUsernameLength } from '../users/users.schemas.js';
import { TagName } from '../tags/tags.schemas.js';

/** What a text contains besides words. */
export interface Said {
  /** For each mention the usernames it may mean, the likeliest first; in lower case. */
  names: string[][];
  /** In lower case and NFC, without duplicates. */
  tags: string[];
}

/** Per text; further ones are plain words. */
export const maxMentions = amounts.mentions.max;

/** A web address: names and tags in it do not count. */
const address = String.raw`(?:https?|ftp):\/\/\S+|(?<![\p{L}\p{N}])www\.\S+`;
/** Not inside an e-mail address or a name at another host. Scripts without spaces may directly precede it. */
const mention = String.raw`(?<!(?![\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}])[\p{L}\p{M}\p{N}_@＠.])[@＠](?<name>[A-Za-z0-9_.\-]{2,})(?![A-Za-z0-9_.\-\p{Script=Latin}\p{M}@＠]|:\/\/)`;
const hashtag = String.raw`(?<![\p{L}\p{M}\p{N}_&\/#＃])[#＃](?<tag>[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200D_]+)`;
export const words = new RegExp(`${address}|${mention}|${hashtag}`, 'giu');

/** Mentions and hashtags of texts, in their order. */
export function read(...texts: string[]): Said {
  const names = new Map<string, string[]>();
  const tags = new Set<string>();
  for (const { groups } of texts.flatMap((text) => [...toNfcLeniently(text).matchAll(words)])) {
    const name = groups?.name?.toLowerCase();
    if (name && names.size < maxMentions) names.set(name, candidates(name));
    const tag =
      groups?.tag && /[\p{L}\p{Extended_Pictographic}\p{Regional_Indicator}]/u.test(groups.tag)
        ? TagName.safeParse(groups.tag)
        : null;
    if (tag?.success) tags.add(tag.data);
  }
  return { names: [...names.values()].filter((candidates) => candidates.length > 0), tags: [...tags] };
}

/** `ada.` at the end of a sentence means `ada`, unless a user has that name. */
function candidates(word: string): string[] {
  const names: string[] = [];
  for (let end = word.length; end > 0; end--) {
    const name = end <= maxUsernameLength ? word.slice(0, end) : '';
    if (/^[a-z0-9_.-]{2,30}$/.test(name) && /[a-z0-9]/.test(name)) names.push(name);
    if (!/[.-]/.test(word[end - 1]!)) break;
  }
  return names;
}

/**
 * WebVTT cue text (W3C WebVTT, 3.4) that holds plain words: bold, italic and underline stay, other tags and the
 * positions of SSA that stand in many SRT files (`{\an8}`) vanish, everything else is escaped.
 *
 * One pass from left to right, in time that is linear in the text, whatever stands in it.
 * @param maxLength of the words before they are escaped, in UTF-16 units; what is longer is cut
 */
export function cleanCueText(text: string, maxLength: number): string {
  const cue = text.slice(0, maxLength);
  const ends = { '<': cue.lastIndexOf('>'), '{': cue.lastIndexOf('}') };
  let clean = '';
  for (let at = 0; at < cue.length; at++) {
    const sign = cue[at]!;
    const isTag = sign === '<' && at < ends['<'];
    const isPosition = sign === '{' && cue[at + 1] === '\\' && at < ends['{'];
    if (isTag || isPosition) {
      const end = cue.indexOf(isTag ? '>' : '}', at);
      if (isTag) clean += keptTags.get(cue.slice(at, Math.min(end + 1, at + longestKeptTag)).toLowerCase()) ?? '';
      at = end;
    } else if (sign === '&') {
      const [entity, words] = entityAt(cue, at);
      clean += words;
      at += entity.length - 1;
    } else if (sign === '\n' || !isControl(sign)) clean += escapes[sign] ?? sign;
  }
  return withoutBlankLines(clean);
}

const keptTags = new Map(['<b>', '</b>', '<i>', '</i>', '<u>', '</u>'].map((tag) => [tag, tag]));
const longestKeptTag = '</b>'.length;

const escapes: Record<string, string> = { '<': '&lt;', '>': '&gt;' };
const entities = new Map([
  ['&amp;', '&amp;'],
  ['&lt;', '&lt;'],
  ['&gt;', '&gt;'],
  ['&nbsp;', '\u00a0'],
  ['&lrm;', '\u200e'],
  ['&rlm;', '\u200f'],
]);
const longestEntity = '&nbsp;'.length;

/** @returns the entity as it stands there, and what is written for it; a lone `&` is one, too */
function entityAt(cue: string, at: number): [string, string] {
  const ahead = cue.slice(at, at + longestEntity);
  const entity = ahead.slice(0, ahead.indexOf(';') + 1);
  const words = entities.get(entity);
  return words === undefined ? ['&', '&amp;'] : [entity, words];
}

/** C0, DEL and C1. */
const isControl = (sign: string): boolean => sign < ' ' || (sign >= '\x7f' && sign <= '\x9f');

/** A blank line would end the cue. */
const withoutBlankLines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n')
    .trim();

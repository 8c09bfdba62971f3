/**
 * WebVTT cue text (W3C WebVTT, 3.4) as plain text: bold, italic and underline are kept, other tags and SSA positions,
 * which many SRT files contain (`{\an8}`), are removed, everything else is escaped.
 *
 * One pass from left to right, in linear time for any text.
 * @param maxLength of the text before escaping, in UTF-16 units; the rest is cut off
 */
export function cleanCueText(text: string, maxLength: number): string {
  const cue = text.slice(0, maxLength);
  const ends = { '<': cue.lastIndexOf('>'), '{': cue.lastIndexOf('}') };
  let clean = '';
  for (let at = 0; at < cue.length; at++) {
    const char = cue[at]!;
    const isTag = char === '<' && at < ends['<'];
    const isPosition = char === '{' && cue[at + 1] === '\\' && at < ends['{'];
    if (isTag || isPosition) {
      const end = cue.indexOf(isTag ? '>' : '}', at);
      if (isTag) clean += keptTags.get(cue.slice(at, Math.min(end + 1, at + maxTagLength)).toLowerCase()) ?? '';
      at = end;
    } else if (char === '&') {
      const [entity, replacement] = entityAt(cue, at);
      clean += replacement;
      at += entity.length - 1;
    } else if (char === '\n' || !isControl(char)) clean += escapes[char] ?? char;
  }
  return withoutBlankLines(clean);
}

const keptTags = new Map(['<b>', '</b>', '<i>', '</i>', '<u>', '</u>'].map((tag) => [tag, tag]));
const maxTagLength = '</b>'.length;

const escapes: Record<string, string> = { '<': '&lt;', '>': '&gt;' };
const entities = new Map([
  ['&amp;', '&amp;'],
  ['&lt;', '&lt;'],
  ['&gt;', '&gt;'],
  ['&nbsp;', '\u00a0'],
  ['&lrm;', '\u200e'],
  ['&rlm;', '\u200f'],
]);
const maxEntityLength = '&nbsp;'.length;

/** @returns the entity as it is in the text, and its replacement; a lone `&` counts as one */
function entityAt(cue: string, at: number): [string, string] {
  const ahead = cue.slice(at, at + maxEntityLength);
  const entity = ahead.slice(0, ahead.indexOf(';') + 1);
  const replacement = entities.get(entity);
  return replacement === undefined ? ['&', '&amp;'] : [entity, replacement];
}

/** C0, DEL and C1. */
const isControl = (char: string): boolean => char < ' ' || (char >= '\x7f' && char <= '\x9f');

/** A blank line would end the cue. */
const withoutBlankLines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n')
    .trim();

import { parseText, type VTTCue } from 'media-captions';
import { Refused } from './refusal.js';

export const subtitleLimits = {
  maxBytes: 2 * 1024 * 1024,
  maxCues: 20_000,
  maxTextLength: 4_000,
  maxSeconds: 24 * 3_600,
};

/** What came in as SRT or WebVTT, in whatever encoding, as WebVTT that holds nothing but times and text. */
export type Subtitles = { vtt: string; cues: number };

/**
 * Reads subtitles leniently and writes them strictly: styles, regions, comments and every tag but bold, italic and
 * underline are gone, so nothing in them can run or load anything.
 * @throws {Refused} `empty_file`, `too_large`, `content_mismatch`
 */
export async function readSubtitles(bytes: Buffer): Promise<Subtitles> {
  const { maxBytes, maxCues } = subtitleLimits;
  if (bytes.length === 0) throw new Refused('empty_file', 'The body is empty.', { bytes: 0 });
  if (bytes.length > maxBytes) {
    throw new Refused('too_large', `The subtitles have ${bytes.length} bytes; ${maxBytes} are allowed.`, {
      bytes: bytes.length,
      maxBytes,
    });
  }
  const text = decode(bytes).replaceAll('\0', '').replace(/\r\n?/g, '\n').trimStart();
  const isVtt = /^WEBVTT([ \t\n]|$)/.test(text);
  const { cues } = await parseText(isVtt ? text : fullTimes(text), {
    type: isVtt ? 'vtt' : 'srt',
    strict: false,
    errors: false,
  });
  const kept = cues.filter(isShown);
  if (!kept.length) throw new Refused('content_mismatch', 'No cue could be read: send SRT or WebVTT.', { cues: 0 });
  if (kept.length > maxCues) {
    throw new Refused('content_mismatch', `There are ${kept.length} cues; ${maxCues} are allowed.`, {
      cues: kept.length,
      maxCues,
    });
  }
  const inOrder = kept.toSorted((a, b) => a.startTime - b.startTime);
  return { vtt: `WEBVTT\n\n${inOrder.map(written).join('\n')}`, cues: kept.length };
}

/** By its mark, else UTF-8, else the code page that old subtitle editors wrote. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** Editors write `0:0:5,2`; the parser wants `00:00:05,200`. */
const fullTimes = (srt: string): string =>
  srt.replace(
    /\b(\d{1,2}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\b(?=\s*(?:-->|$|\s))/gm,
    (_, h: string, m: string, s: string, ms: string) =>
      `${h.padStart(2, '0')}:${m.padStart(2, '0')}:${s.padStart(2, '0')},${ms.padEnd(3, '0')}`,
  );

const isShown = ({ startTime, endTime, text }: VTTCue): boolean =>
  startTime >= 0 && endTime > startTime && endTime <= subtitleLimits.maxSeconds && clean(text) !== '';

const written = ({ startTime, endTime, text }: VTTCue): string =>
  `${clock(startTime)} --> ${clock(endTime)}\n${clean(text)}\n`;

const clock = (seconds: number): string => new Date(Math.round(seconds * 1_000)).toISOString().slice(11, 23);

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const named: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&nbsp;': '\u00a0',
  '&lrm;': '\u200e',
  '&rlm;': '\u200f',
};

/** WebVTT cue text (W3C, 3.4) of plain words: known tags stay, others vanish, everything else is escaped. */
function clean(text: string): string {
  return text
    .replace(/\{\\[^}]*\}/g, '') // positions of SSA that stand in many SRT files
    .slice(0, subtitleLimits.maxTextLength)
    .split(/(<\/?[biu]>)/i)
    .map((part, i) => (i % 2 ? part.toLowerCase() : escaped(part.replace(/<[^>]*>/g, ''))))
    .join('')
    .replace(/[\p{Cc}--\n]/gv, '')
    .replace(/\n\s*\n+/g, '\n')
    .trim();
}

const escaped = (words: string): string =>
  words.replace(/&(?:amp|lt|gt|nbsp|lrm|rlm);/g, (name) => named[name]!).replace(/[&<>]/g, (c) => entities[c]!);

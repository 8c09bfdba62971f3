import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import { Refused } from '../accept/refusal.js';
import { runInThread } from '../run/thread.js';

const require = createRequire(import.meta.url);

export const subtitleLimits = {
  maxBytes: 2 * 1024 * 1024,
  maxCues: 20_000,
  maxTextLength: 4_000,
  maxSeconds: 24 * 3_600,
};

/** Subtitles as WebVTT with nothing but times and text. */
export type Subtitles = { vtt: string; cues: number };

/**
 * Converts SRT or WebVTT in any encoding to strict WebVTT. Removes styles, regions, comments and all tags except bold,
 * italic and underline, so nothing in it can run or load anything.
 * @throws {Refused} `empty_file`, `too_large`, `content_mismatch`
 */
export async function readSubtitles(bytes: Buffer): Promise<Subtitles> {
  const { maxBytes, maxCues } = subtitleLimits;
  if (bytes.length === 0) throw new Refused('empty_file', 'The body is empty.', { bytes: 0 });
  if (bytes.length > maxBytes) {
    throw new Refused('too_large', `The subtitles have ${bytes.length} bytes; at most ${maxBytes} are allowed.`, {
      bytes: bytes.length,
      maxBytes,
    });
  }
  const text = decode(bytes).replaceAll('\0', '').replace(/\r\n?/g, '\n').trimStart();
  const isVtt = /^WEBVTT([ \t\n]|$)/.test(text);
  const cues = await parse({ text, type: isVtt ? 'vtt' : 'srt' });
  const kept = cues.filter(isShown);
  if (!kept.length) throw new Refused('content_mismatch', 'No cue could be read: send SRT or WebVTT.', { cues: 0 });
  if (kept.length > maxCues) {
    throw new Refused('content_mismatch', `The subtitles have ${kept.length} cues; at most ${maxCues} are allowed.`, {
      cues: kept.length,
      maxCues,
    });
  }
  const inOrder = kept.toSorted((a, b) => a.startTime - b.startTime);
  return { vtt: `WEBVTT\n\n${inOrder.map(toVtt).join('\n')}`, cues: kept.length };
}

type Cue = {
  /** s */
  startTime: number;
  endTime: number;
  text: string;
};

const parserLimits = { timeMs: 5_000, memoryMiB: 256 };

/** One per CPU, and at least two, so that a file that runs into its time limit does not block the others. */
const limitThreads = pLimit(Math.max(2, availableParallelism()));

/** A `.ts` or `.js` file, like this one. */
const cueText = new URL(`./cue-text${extname(import.meta.url)}`, import.meta.url).href;

/** Editors write `0:0:5,2`, the parser requires `00:00:05,200`. Of megabytes, both this and cleaning take long. */
const parserSource = String.raw`
const { workerData, parentPort } = require('node:worker_threads');
const { module, cueText, text, type, maxTextLength } = workerData;
const time = /\b(\d{1,2}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\b(?=\s*(?:-->|$|\s))/gm;
const fullTimes = (srt) => srt.replace(time, (_, h, m, s, ms) =>
  h.padStart(2, '0') + ':' + m.padStart(2, '0') + ':' + s.padStart(2, '0') + ',' + ms.padEnd(3, '0'));
Promise.all([import(module), import(cueText)]).then(async ([{ parseText }, { cleanCueText }]) => {
  const { cues } = await parseText(type === 'srt' ? fullTimes(text) : text, { type, strict: false, errors: false });
  parentPort.postMessage(
    cues.map(({ startTime, endTime, text }) => ({ startTime, endTime, text: cleanCueText(text, maxTextLength) })),
  );
});
`;

/** @throws {Refused} `content_mismatch` if the parser exceeds its time or memory */
async function parse(file: { text: string; type: 'vtt' | 'srt' }): Promise<Cue[]> {
  const { maxTextLength } = subtitleLimits;
  const module = pathToFileURL(require.resolve('media-captions')).href;
  const outcome = await limitThreads(() =>
    runInThread<Cue[]>(parserSource, { ...file, module, cueText, maxTextLength }, parserLimits),
  );
  if ('answer' in outcome) return outcome.answer;
  throw new Refused('content_mismatch', 'The cues could not be read in time: send simpler SRT or WebVTT.', { cues: 0 });
}

/** By byte order mark, else UTF-8, else the code page of old subtitle editors. */
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

const isShown = ({ startTime, endTime, text }: Cue): boolean =>
  startTime >= 0 && endTime > startTime && endTime < subtitleLimits.maxSeconds && text !== '';

const toVtt = ({ startTime, endTime, text }: Cue): string => `${clock(startTime)} --> ${clock(endTime)}\n${text}\n`;

const clock = (seconds: number): string => new Date(Math.round(seconds * 1_000)).toISOString().slice(11, 23);

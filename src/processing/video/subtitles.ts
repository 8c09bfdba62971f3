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
  const cues = await parsed({ text, type: isVtt ? 'vtt' : 'srt' });
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

type Cue = {
  /** s */
  startTime: number;
  endTime: number;
  text: string;
};

const parserLimits = { timeMs: 5_000, memoryMiB: 256 };

/** As many threads as CPUs, and at least two: one file that takes its whole time does not hold up the others. */
const inTurn = pLimit(Math.max(2, availableParallelism()));

/** Beside this file, compiled where it is. */
const cueText = new URL(`./cue-text${extname(import.meta.url)}`, import.meta.url).href;

/** Editors write `0:0:5,2`; the parser wants `00:00:05,200`. Of two megabytes that, and cleaning, alone take long. */
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

/** @throws {Refused} `content_mismatch` where the parser comes to no end in its time and memory */
async function parsed(file: { text: string; type: 'vtt' | 'srt' }): Promise<Cue[]> {
  const { maxTextLength } = subtitleLimits;
  const module = pathToFileURL(require.resolve('media-captions')).href;
  const outcome = await inTurn(() =>
    runInThread<Cue[]>(parserSource, { ...file, module, cueText, maxTextLength }, parserLimits),
  );
  if ('answer' in outcome) return outcome.answer;
  throw new Refused('content_mismatch', 'The cues could not be read in time: send simpler SRT or WebVTT.', { cues: 0 });
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

const isShown = ({ startTime, endTime, text }: Cue): boolean =>
  startTime >= 0 && endTime > startTime && endTime < subtitleLimits.maxSeconds && text !== '';

const written = ({ startTime, endTime, text }: Cue): string => `${clock(startTime)} --> ${clock(endTime)}\n${text}\n`;

const clock = (seconds: number): string => new Date(Math.round(seconds * 1_000)).toISOString().slice(11, 23);

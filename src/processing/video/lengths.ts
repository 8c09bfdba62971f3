import { ProcessingFailure } from '../run/failure.js';

/** Something about the file that did not keep it from being processed, for its owner. */
export type Warning = { code: WarningCode; detail: string };
export const warningCodes = ['truncated', 'wrong_duration', 'length_differs'] as const;
export type WarningCode = (typeof warningCodes)[number];

/** More than this share of a file missing is damage. */
const maxLostShare = 0.1;

/**
 * By how much two lengths of the same thing may differ without anybody noticing: rounding to frames, priming of
 * encoders, the last frame, of which many files do not say how long it lasts.
 * @param frameMs how long a picture of the source is shown; 0 for sound
 */
export const toleranceMs = (sourceMs: number, frameMs: number) => Math.max(2 * frameMs, sourceMs / 100, 250);

/**
 * Compares what was made with what the source decodes to: ffmpeg ends well even when it could not decode a part.
 * @throws {ProcessingFailure} `corrupt_input` when too much is missing
 */
export function compareLengths(what: string, madeMs: number, sourceMs: number, frameMs: number): Warning | null {
  const off = Math.round(madeMs - sourceMs);
  if (Math.abs(off) <= toleranceMs(sourceMs, frameMs)) return null;
  if (-off > sourceMs * maxLostShare) throw new ProcessingFailure('corrupt_input', `${what} ends ${-off} ms too early`);
  return {
    code: 'length_differs',
    detail: `It plays ${Math.abs(off)} ms ${off < 0 ? 'less' : 'longer'} than the file that was sent.`,
  };
}

/**
 * Compares what the header says with what the packets say.
 * @param isCutOff bytes are missing at the end, so that the header tells how much there was; otherwise it is just wrong
 * @throws {ProcessingFailure} `corrupt_input` when too much is missing
 */
export function compareWithHeader(
  saidMs: number,
  measuredMs: number,
  frameMs: number,
  isCutOff: boolean,
): Warning | null {
  if (Math.abs(saidMs - measuredMs) <= toleranceMs(Math.max(saidMs, measuredMs), frameMs)) return null;
  if (!isCutOff || measuredMs > saidMs)
    return { code: 'wrong_duration', detail: `The file says it plays ${saidMs} ms; ${measuredMs} ms were found.` };
  if (saidMs - measuredMs > saidMs * maxLostShare)
    throw new ProcessingFailure('corrupt_input', `breaks off: ${measuredMs} of ${saidMs} ms are there`);
  return { code: 'truncated', detail: `The end is missing: ${measuredMs} of ${saidMs} ms were found.` };
}

import { ProcessingFailure } from '../run/failure.js';

/** Tells the owner about a problem of the file that did not prevent processing. */
export type Warning = { code: WarningCode; detail: string };
export const warningCodes = ['truncated', 'wrong_duration', 'length_differs'] as const;
type WarningCode = (typeof warningCodes)[number];

/** A file that lacks a larger share is treated as damaged. */
const maxLostShare = 0.1;

/**
 * By how much two durations of the same content may differ unnoticed: by rounding to frames, encoder priming, and the
 * last frame, whose duration many files do not declare.
 * @param frameMs how long a picture of the source is shown; 0 for sound
 */
export const toleranceMs = (sourceMs: number, frameMs: number) => Math.max(2 * frameMs, sourceMs / 100, 250);

/**
 * Compares the result with what the source decodes to: ffmpeg succeeds even if it could not decode a part.
 * @throws {ProcessingFailure} `corrupt_input` if too much is missing
 */
export function compareLengths(what: string, madeMs: number, sourceMs: number, frameMs: number): Warning | null {
  const off = Math.round(madeMs - sourceMs);
  if (Math.abs(off) <= toleranceMs(sourceMs, frameMs)) return null;
  if (-off > sourceMs * maxLostShare) throw new ProcessingFailure('corrupt_input', `${what} ends ${-off} ms too early`);
  return {
    code: 'length_differs',
    detail: `The result is ${Math.abs(off)} ms ${off < 0 ? 'shorter' : 'longer'} than the uploaded file.`,
  };
}

/**
 * Compares the duration that the header declares with that of the packets.
 * @param isCutOff bytes are missing at the end, so the header tells the original duration; otherwise the header is
 * wrong
 * @throws {ProcessingFailure} `corrupt_input` if too much is missing
 */
export function compareWithHeader(
  declaredMs: number,
  measuredMs: number,
  frameMs: number,
  isCutOff: boolean,
): Warning | null {
  if (Math.abs(declaredMs - measuredMs) <= toleranceMs(Math.max(declaredMs, measuredMs), frameMs)) return null;
  if (!isCutOff || measuredMs > declaredMs)
    return { code: 'wrong_duration', detail: `The header declares ${declaredMs} ms; ${measuredMs} ms were found.` };
  if (declaredMs - measuredMs > declaredMs * maxLostShare)
    throw new ProcessingFailure('corrupt_input', `truncated: ${measuredMs} of ${declaredMs} ms were found`);
  return { code: 'truncated', detail: `The end is missing: ${measuredMs} of ${declaredMs} ms were found.` };
}

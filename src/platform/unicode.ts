/**
 * Combining marks in a row. UAX #15 calls text with no longer runs Stream-Safe; every living language needs far fewer.
 */
export const maxCombiningMarks = 30;
const tooManyMarks = /\p{M}{31}/u;
const endlessMarks = /\p{M}{31,}/gu;

/**
 * Unicode Normalization Form C. Only this file normalises: it takes time quadratic in a run of combining marks, so text
 * with too long a run is refused first.
 * @returns null if more than `maxCombiningMarks` marks follow each other
 */
export const toNfc = (text: string): string | null => (tooManyMarks.test(text) ? null : text.normalize('NFC'));

/** NFC of text that is searched or shown, but not stored as typed: longer runs of marks are cut. */
export const toNfcLeniently = (text: string): string =>
  text.replace(endlessMarks, (run) => [...run].slice(0, maxCombiningMarks).join('')).normalize('NFC');

/**
 * Form KC, which also folds look-alikes (ﬁ, Ａ, ²).
 * @returns null as `toNfc`
 */
export const toNfkc = (text: string): string | null => (tooManyMarks.test(text) ? null : text.normalize('NFKC'));

/** Marks on one character. UAX #15 calls text with no longer run Stream-Safe; every living language needs far fewer. */
export const maxCombiningMarks = 30;
const tooManyMarks = /\p{M}{31}/u;
const endlessMarks = /\p{M}{31,}/gu;

/**
 * Unicode Normalization Form C. This file is the only place that normalises: it takes time that is quadratic in a run of
 * combining marks, so a text with too long a run is refused first.
 * @returns null where more than `maxCombiningMarks` marks follow each other
 */
export const toNfc = (text: string): string | null => (tooManyMarks.test(text) ? null : text.normalize('NFC'));

/** NFC of a text that is looked for or shown, but not kept as typed: of too long a run of marks the first ones stay. */
export const toNfcLeniently = (text: string): string =>
  text.replace(endlessMarks, (run) => [...run].slice(0, maxCombiningMarks).join('')).normalize('NFC');

/** Form KC, which also folds look-alikes (ﬁ, Ａ, ²). @returns null as `toNfc` */
export const toNfkc = (text: string): string | null => (tooManyMarks.test(text) ? null : text.normalize('NFKC'));

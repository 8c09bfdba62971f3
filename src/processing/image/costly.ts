import { ProcessingFailure } from '../run/failure.js';

/** Segments or chunks of a file: the walk itself takes time, too. */
export const maxParts = 1_000_000;

export const tooCostly = (what: string) => new ProcessingFailure('corrupt_input', `metadata: ${what}`);

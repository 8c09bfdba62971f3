import { z } from 'zod';
import { toNfc } from '../unicode.js';

/** NFC shortens text by a factor of up to four, so raw text may be that much longer. */
const rawFactor = 4;

/**
 * Text in NFC, whose raw length is checked before anything else.
 * @param max UTF-16 units
 */
export const nfc = (max: number) =>
  z
    .string()
    .max(max * rawFactor, { abort: true, error: `at most ${max} characters` })
    .transform((raw, context) => {
      const text = toNfc(raw);
      if (text !== null) return text;
      context.addIssue('too many combining marks on one character');
      return z.NEVER;
    });

/**
 * One line of text in NFC: no control characters, no bidi overrides, which would reverse the text around it, and no
 * lone surrogates, which PostgreSQL refuses in jsonb.
 */
export const line = (max: number, min = 0) =>
  nfc(max)
    .transform((value) => value.trim())
    .pipe(
      z
        .string()
        .min(min)
        .max(max)
        .regex(/^[^\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]*$/u, 'control characters are not allowed'),
    )
    .meta({ ...(min && { minLength: min }), maxLength: max });

/** Text with line breaks. */
export const text = (max: number) =>
  nfc(max)
    .transform((value) => value.replaceAll('\r\n', '\n').trim())
    .pipe(
      z
        .string()
        .max(max)
        .regex(/^(?:[\n\t]|[^\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069])*$/u, 'control characters are not allowed'),
    )
    .meta({ maxLength: max });

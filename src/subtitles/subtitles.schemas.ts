import { z } from 'zod';
import { ExpiresAt, Slug } from '../files/files.schemas.js';

/** A language tag (BCP 47), in its canonical case. */
export const Language = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/, 'a language tag, as `en` or `pt-BR`')
  .max(32)
  .refine((tag) => {
    try {
      return Intl.getCanonicalLocales(tag).length === 1;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }, 'not a language tag')
  .transform((tag) => Intl.getCanonicalLocales(tag)[0]!)
  .meta({ example: 'en' });

export const SubtitlesParam = z.strictObject({ url: Slug, lang: Language });

export const Track = z
  .object({ language: z.string(), label: z.string(), href: z.string(), expiresAt: ExpiresAt, cues: z.int() })
  .meta({ id: 'SubtitleTrack' });
export type Track = z.infer<typeof Track>;

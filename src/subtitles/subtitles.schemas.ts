import { z } from 'zod';
import { ExpiresAt, Slug } from '../files/files.schemas.js';
import { Locale } from '../users/users.schemas.js';

/** Language of a track, in canonical form, so that `EN` and `en` are one track. */
export const Language = Locale.meta({ description: 'Language tag (BCP 47), as `en` or `pt-BR`' });

export const SubtitlesParam = z.strictObject({ url: Slug, lang: Language });

export const Track = z
  .object({ language: z.string(), label: z.string(), href: z.string(), expiresAt: ExpiresAt, cues: z.int() })
  .meta({ id: 'SubtitleTrack' });
export type Track = z.infer<typeof Track>;

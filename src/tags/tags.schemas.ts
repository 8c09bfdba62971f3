import { z } from 'zod';

/** On one media. */
export const maxTags = 30;

/** Letters of any script, digits, `_` and `-`; kept in lower case and NFC, so `#Café` and `café` are one tag. */
export const TagName = z
  .string()
  .max(200)
  .transform((value) => value.normalize('NFC').replace(/^#/, '').toLowerCase())
  .pipe(z.string().regex(/^[\p{L}\p{M}\p{N}_-]{1,64}$/u, '1 to 64 letters, digits, `_` or `-`'))
  .meta({ example: 'sunset' });
export const TagParam = z.strictObject({ name: TagName });

export const TagView = z
  .object({
    name: z.string(),
    counts: z.object({ medias: z.int().meta({ description: 'That everybody may meet' }) }),
  })
  .meta({ id: 'Tag' });
export type TagView = z.infer<typeof TagView>;

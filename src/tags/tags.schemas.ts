import { z } from 'zod';
import { nfc } from '../platform/http/text-fields.js';
import { toNfc } from '../platform/unicode.js';

const allowed = /^[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200D_-]{1,64}$/u;
/** A joiner is invisible, so it may only stand where it joins two emoji. */
const strayJoiner =
  /(?<!\p{Extended_Pictographic}[\p{M}\p{Emoji_Modifier}]?)\u200D|\u200D(?!\p{Extended_Pictographic})/u;

/**
 * Letters of any script, digits, emoji, `_` and `-`; stored in lower case and NFC, so `#Café` and ` café` are one tag.
 */
export const TagName = nfc(64)
  .transform((value) => toNfc(value.trim().replace(/^#/, '').toLowerCase()) ?? '')
  .pipe(
    z
      .string()
      .regex(allowed, '1 to 64 letters, digits, emoji, `_` or `-`')
      .refine((name) => !strayJoiner.test(name), 'a joiner may only stand between two emoji'),
  )
  .meta({ maxLength: 64, example: 'sunset' });
export const TagParam = z.strictObject({ name: TagName });

export const TagAnswer = z
  .object({
    name: z.string(),
    counts: z.object({
      medias: z.int().meta({ description: 'Publicly listed medias, without those of users in a block with you' }),
    }),
  })
  .meta({ id: 'Tag' });
export type TagAnswer = z.infer<typeof TagAnswer>;

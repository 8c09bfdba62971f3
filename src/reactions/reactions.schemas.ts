import { z } from 'zod';
import { page, PageQuery } from '../platform/http/page.js';
import { Owner } from '../users/users.schemas.js';

/** Likes and dislikes are reactions with these emoji. */
export const like = '👍';
export const dislike = '👎';

// Emoji that Unicode recommends for general interchange (UTS #51, RGI): flags, skin tones, keycaps, ZWJ sequences.
const oneEmoji = /^\p{RGI_Emoji}$/v;
const asEmoji = '\u{FE0F}';

/** Exactly one emoji. Adds a missing emoji variation selector (❤), so that both forms are one reaction. */
export const Emoji = z
  .string()
  .max(64)
  .transform((text) => (oneEmoji.test(text) ? text : text + asEmoji))
  .refine((text) => oneEmoji.test(text), 'exactly one emoji')
  .meta({ example: '❤️' });

export const ReactionBody = z.strictObject({ emoji: Emoji }).meta({ id: 'React' });
export const LikeBody = z
  .strictObject({ isLike: z.boolean().default(true).meta({ description: '`false` is a dislike' }) })
  .prefault({})
  .meta({ id: 'Like' });

const count = z.int().min(0);
export const ReactionState = z
  .object({
    reaction: z.string().nullable().meta({ description: 'Your present reaction', example: like }),
    counts: z.object({ likes: count, dislikes: count, reactions: count }).meta({ id: 'ReactionCounts' }),
  })
  .meta({ id: 'ReactionStanding' });
export type ReactionState = z.infer<typeof ReactionState>;

export const ReactorsQuery = PageQuery.extend({
  emoji: Emoji.optional().meta({ description: 'Only this one; `👍` for likes, `👎` for dislikes' }),
});
export type ReactorsQuery = z.infer<typeof ReactorsQuery>;

export const Reactor = z
  .object({ user: Owner, emoji: z.string(), createdAt: z.iso.datetime() })
  .meta({ id: 'Reactor', description: 'Who reacted, and how' });
export type Reactor = z.infer<typeof Reactor>;
export const ReactorPage = page(Reactor).meta({ id: 'ReactorPage' });

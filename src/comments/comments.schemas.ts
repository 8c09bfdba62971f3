import { z } from 'zod';
import { Slug } from '../files/files.schemas.js';
import { MediaFile } from '../media/media.schemas.js';
import { page, PageQuery } from '../platform/http/page.js';
import { text } from '../platform/http/text-fields.js';
import { Owner } from '../users/users.schemas.js';

export const CommentParam = z.strictObject({ url: Slug });
export const MediaUrlParam = z.strictObject({ mediaUrl: Slug });

const Text = text(2000).meta({ example: 'What a light!' });
export const WriteBody = z
  .strictObject({
    text: Text.default(''),
    attachment: Slug.optional().meta({ description: 'The `url` of a photo of yours that is not used elsewhere' }),
    replyTo: Slug.optional().meta({ description: 'The `url` of the comment to reply to, on the same media' }),
  })
  .refine((body) => body.text !== '' || body.attachment !== undefined, {
    path: ['text'],
    message: 'write something, or attach a photo',
  })
  .meta({ id: 'WriteComment' });
export type WriteBody = z.infer<typeof WriteBody>;
export const EditBody = z.strictObject({ text: Text }).meta({ id: 'EditComment' });

export const sorts = [
  'newest',
  'oldest',
  'most-liked',
  'least-liked',
  'most-disliked',
  'least-disliked',
  'most-replied',
  'least-replied',
] as const;
export type Sort = (typeof sorts)[number];
export const CommentsQuery = PageQuery.extend({ sort: z.enum(sorts).default('newest') });
/** Conversations are read from the beginning. */
export const RepliesQuery = PageQuery.extend({ sort: z.enum(sorts).default('oldest') });
export type CommentsQuery = z.infer<typeof CommentsQuery>;

export const CommentAnswer = z
  .object({
    url: Slug,
    media: Slug,
    replyTo: Slug.nullable().meta({ description: 'The comment that it replies to' }),
    author: Owner.nullable().meta({ description: 'Null for a deleted comment that stays for its replies' }),
    text: z.string(),
    attachment: MediaFile.nullable(),
    mentions: z.array(z.string()).meta({ description: 'Users mentioned in the text' }),
    counts: z
      .object({ likes: z.int(), dislikes: z.int(), reactions: z.int(), replies: z.int() })
      .meta({ id: 'CommentCounts' }),
    viewer: z
      .object({ reaction: z.string().nullable(), isMine: z.boolean(), canDelete: z.boolean() })
      .optional()
      .meta({ description: 'The signed-in caller’s own reaction and rights' }),
    createdAt: z.iso.datetime(),
    editedAt: z.iso.datetime().nullable(),
    deletedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Comment' });
export type CommentAnswer = z.infer<typeof CommentAnswer>;
export const CommentPage = page(CommentAnswer).meta({ id: 'CommentPage' });

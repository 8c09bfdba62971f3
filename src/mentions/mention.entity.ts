import { defineEntity, p } from '@mikro-orm/core';
import { Comment } from '../comments/comment.entity.js';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** Users mentioned in the title or the description. */
const MediaMentionSchema = defineEntity({
  name: 'MediaMention',
  tableName: 'media_mentions',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    id: p.uuid().defaultRaw('uuidv7()'),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class MediaMention extends MediaMentionSchema.class {}
MediaMentionSchema.setClass(MediaMention);

const CommentMentionSchema = defineEntity({
  name: 'CommentMention',
  tableName: 'comment_mentions',
  properties: {
    comment: () => p.manyToOne(Comment).primary().deleteRule('cascade'),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    id: p.uuid().defaultRaw('uuidv7()'),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class CommentMention extends CommentMentionSchema.class {}
CommentMentionSchema.setClass(CommentMention);

export { CommentMentionSchema, MediaMentionSchema };

import { defineEntity, p } from '@mikro-orm/core';
import { Comment } from '../comments/comment.entity.js';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** One emoji per user and media: 👍 is a like, 👎 a dislike. */
const ReactionSchema = defineEntity({
  name: 'Reaction',
  tableName: 'reactions',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    emoji: p.string().length(64),
    id: p.uuid().defaultRaw('uuidv7()'),
    /** False while the account is disabled. */
    isCounted: p.boolean().default(true),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Reaction extends ReactionSchema.class {}
ReactionSchema.setClass(Reaction);

const CommentReactionSchema = defineEntity({
  name: 'CommentReaction',
  tableName: 'comment_reactions',
  properties: {
    comment: () => p.manyToOne(Comment).primary().deleteRule('cascade'),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    emoji: p.string().length(64),
    id: p.uuid().defaultRaw('uuidv7()'),
    isCounted: p.boolean().default(true),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class CommentReaction extends CommentReactionSchema.class {}
CommentReactionSchema.setClass(CommentReaction);

export { CommentReactionSchema, ReactionSchema };

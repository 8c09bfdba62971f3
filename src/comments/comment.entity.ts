import { defineEntity, p } from '@mikro-orm/core';
import { File } from '../files/file.entity.js';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** A deleted comment stays without its text as long as it has replies. */
const CommentSchema = defineEntity({
  name: 'Comment',
  tableName: 'comments',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    url: p.string().length(16).unique(),
    media: () => p.manyToOne(Media).deleteRule('cascade'),
    author: () => p.manyToOne(User).nullable(),
    parent: () => p.manyToOne(Comment).nullable(),
    /** The list it appears in: that of its parent, or of the media. */
    threadId: p.uuid().generated('(coalesce(parent_id, media_id)) stored'),
    text: p.string().length(2000),
    /** A photo of the author. */
    attachment: () => p.manyToOne(File).nullable().unique(),
    /** False while its author's account is disabled. */
    isCounted: p.boolean().default(true),
    likesCount: p.integer().default(0),
    dislikesCount: p.integer().default(0),
    reactionsCount: p.integer().default(0),
    repliesCount: p.integer().default(0),
    editedAt: p.datetime().nullable(),
    deletedAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Comment extends CommentSchema.class {}
CommentSchema.setClass(Comment);

export { CommentSchema };

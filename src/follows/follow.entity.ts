import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** Who may see what depends on it, so it stands here before the routes that change it. */
const FollowSchema = defineEntity({
  name: 'Follow',
  tableName: 'follows',
  properties: {
    follower: () => p.manyToOne(User).primary().deleteRule('cascade'),
    followee: () => p.manyToOne(User).primary().deleteRule('cascade'),
    /** Null while a private account has not accepted the request. */
    acceptedAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Follow extends FollowSchema.class {}
FollowSchema.setClass(Follow);
export { FollowSchema };

import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

const FollowSchema = defineEntity({
  name: 'Follow',
  tableName: 'follows',
  properties: {
    follower: () => p.manyToOne(User).primary().deleteRule('cascade'),
    followee: () => p.manyToOne(User).primary().deleteRule('cascade'),
    /** Lists are paged by it. */
    id: p.uuid().defaultRaw('uuidv7()'),
    /** Null while a private account has not accepted the request. */
    acceptedAt: p.datetime().nullable(),
    /** False while one of the two accounts is disabled. */
    isCounted: p.boolean().default(true),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Follow extends FollowSchema.class {}
FollowSchema.setClass(Follow);
export { FollowSchema };

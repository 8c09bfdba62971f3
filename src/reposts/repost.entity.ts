import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** A media shared with one's own followers. */
const RepostSchema = defineEntity({
  name: 'Repost',
  tableName: 'reposts',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    id: p.uuid().defaultRaw('uuidv7()'),
    /** False while the account is disabled. */
    isCounted: p.boolean().default(true),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Repost extends RepostSchema.class {}
RepostSchema.setClass(Repost);

export { RepostSchema };

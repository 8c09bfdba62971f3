import { defineEntity, p } from '@mikro-orm/core';
import { Media, mediaTypes } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

export const verbs = ['post', 'repost'] as const;
/** `pending`: followers are being written to. `done`: they were. `merged`: each finds it when reading. */
export const fanouts = ['pending', 'done', 'merged'] as const;

/** What feeds are made of: somebody published a media, or reposted one. Triggers write it (migration 0015). */
const ActivitySchema = defineEntity({
  name: 'Activity',
  tableName: 'activities',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    actor: () => p.manyToOne(User).primary().deleteRule('cascade'),
    verb: p.enum(verbs).primary(),
    /** The media's, which never changes. */
    type: p.enum(mediaTypes),
    /** Its place in every feed, given at the commit: whoever sees a number has seen all that are lower. */
    seq: p.bigint().nullable().unique(),
    /** UTC. */
    day: p.date().defaultRaw(`(now() at time zone 'UTC')::date`),
    fanout: p.enum(fanouts).default('pending'),
    /** The widest that its visibility ever gave a post: 2 everybody, 1 followers, 0 nobody. */
    widestReach: p.smallint().default(2),
    /** Of a post, that of its media, copied by triggers. */
    reach: p.smallint().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Activity extends ActivitySchema.class {}
ActivitySchema.setClass(Activity);

export { ActivitySchema };

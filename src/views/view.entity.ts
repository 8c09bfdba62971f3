import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** One per media and viewer; for a user, also the history. */
const ViewSchema = defineEntity({
  name: 'View',
  tableName: 'views',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    /** The id of the user, or one made of where a stranger comes from. */
    viewerKey: p.uuid().primary(),
    user: () => p.manyToOne(User).nullable().deleteRule('cascade'),
    /** Counted, but not yet in the media's row. */
    pending: p.integer().default(0),
    watchedMs: p.bigint('number').default(0),
    pendingMs: p.bigint('number').default(0),
    inHistory: p.boolean().default(true),
    /** The last one that counted. */
    countedAt: p.datetime().defaultRaw('now()'),
    lastViewedAt: p.datetime().defaultRaw('now()'),
  },
});
export class View extends ViewSchema.class {}
ViewSchema.setClass(View);

/** What was counted, by the day. */
const MediaViewDaySchema = defineEntity({
  name: 'MediaViewDay',
  tableName: 'media_view_days',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    day: p.date().primary(),
    views: p.integer().default(0),
    watchedMs: p.bigint('number').default(0),
  },
});
export class MediaViewDay extends MediaViewDaySchema.class {}
MediaViewDaySchema.setClass(MediaViewDay);

export { MediaViewDaySchema, ViewSchema };

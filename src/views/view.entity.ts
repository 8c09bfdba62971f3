import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** One row per media and viewer; for users, also their history. */
const ViewSchema = defineEntity({
  name: 'View',
  tableName: 'views',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    /** The user's id, or one derived from an anonymous viewer's network. */
    viewerKey: p.uuid().primary(),
    user: () => p.manyToOne(User).nullable().deleteRule('cascade'),
    /** Counted views that are not yet in the media's counter. */
    pending: p.integer().default(0),
    watchedMs: p.bigint('number').default(0),
    pendingMs: p.bigint('number').default(0),
    inHistory: p.boolean().default(true),
    /** When a view last counted. */
    countedAt: p.datetime().defaultRaw('now()'),
    lastViewedAt: p.datetime().defaultRaw('now()'),
  },
});
export class View extends ViewSchema.class {}
ViewSchema.setClass(View);

/** Counted views by day. */
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

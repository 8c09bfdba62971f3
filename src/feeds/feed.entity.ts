import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** Whose activities a reader's timeline has. Triggers keep it beside the follows; `keep` leaves an ended one closed. */
const FeedSourceSchema = defineEntity({
  name: 'FeedSource',
  tableName: 'feed_sources',
  properties: {
    reader: () => p.manyToOne(User).primary().deleteRule('cascade'),
    actor: () => p.manyToOne(User).primary().deleteRule('cascade'),
    /** Of the first activity: the fiftieth before the follow. */
    fromSeq: p.bigint(),
    /** Of the last one, where the follow has ended. */
    toSeq: p.bigint().nullable(),
    /** The reader's entries have all that is in between. */
    isFed: p.boolean().default(false),
    changedAt: p.datetime().defaultRaw('clock_timestamp()'),
  },
});
export class FeedSource extends FeedSourceSchema.class {}
FeedSourceSchema.setClass(FeedSource);

/**
 * Timelines, written in advance. Only a cache: without it, or with a part of it, answers are the same. It has no foreign
 * keys: entries of what is gone are never shown, and are swept.
 */
const FeedEntrySchema = defineEntity({
  name: 'FeedEntry',
  tableName: 'feed_entries',
  properties: {
    readerId: p.uuid().primary(),
    seq: p.bigint().primary(),
    mediaId: p.uuid().nullable(),
    /** True on one row of a reader: from here up nothing is missing. False: it is being written. */
    floor: p.boolean().nullable(),
  },
});
export class FeedEntry extends FeedEntrySchema.class {}
FeedEntrySchema.setClass(FeedEntry);

/** Who reads a timeline. */
const FeedReaderSchema = defineEntity({
  name: 'FeedReader',
  tableName: 'feed_readers',
  properties: {
    reader: () => p.oneToOne(User).primary().deleteRule('cascade'),
    seenAt: p.datetime().defaultRaw('now()'),
    sweptAt: p.datetime().defaultRaw('now()'),
  },
});
export class FeedReader extends FeedReaderSchema.class {}
FeedReaderSchema.setClass(FeedReader);

export { FeedEntrySchema, FeedReaderSchema, FeedSourceSchema };

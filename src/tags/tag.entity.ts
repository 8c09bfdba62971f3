import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';

const TagSchema = defineEntity({
  name: 'Tag',
  tableName: 'tags',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    /** Lower case, NFC. */
    name: p.string().length(64).unique(),
    /** Those that everybody may meet in lists. */
    mediasCount: p.integer().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Tag extends TagSchema.class {}
TagSchema.setClass(Tag);

const MediaTagSchema = defineEntity({
  name: 'MediaTag',
  tableName: 'media_tags',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    tag: () => p.manyToOne(Tag).primary().deleteRule('cascade'),
    /** The owner put it there; the text has it; or both. */
    explicit: p.boolean().default(true),
    inText: p.boolean().default(false),
    /** The media's, by a trigger; they never change, and a tag's list of one user or of one type has an index by them. */
    ownerId: p.uuid(),
    type: p.text(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class MediaTag extends MediaTagSchema.class {}
MediaTagSchema.setClass(MediaTag);
export { MediaTagSchema, TagSchema };

import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';

const TagSchema = defineEntity({
  name: 'Tag',
  tableName: 'tags',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    /** Lower case, NFC. */
    name: p.string().length(64).unique(),
    /** Medias that everybody finds: public ones of open accounts. */
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
    /** `explicit`: added by the owner. `inText`: a hashtag in the text. Both may be true. */
    explicit: p.boolean().default(true),
    inText: p.boolean().default(false),
    /**
     * Copied from the media by a trigger. They never change, and indexes on them serve a tag's list of one user or one
     * type.
     */
    ownerId: p.uuid(),
    type: p.text(),
    /** Of the media, copied whenever it changes. */
    reach: p.smallint().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class MediaTag extends MediaTagSchema.class {}
MediaTagSchema.setClass(MediaTag);
export { MediaTagSchema, TagSchema };

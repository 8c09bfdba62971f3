import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';

/** What search finds a media by; kept by triggers. */
const MediaWordsSchema = defineEntity({
  name: 'MediaWords',
  tableName: 'media_words',
  properties: {
    media: () => p.oneToOne(Media).primary().owner().deleteRule('cascade'),
    /** In lower case, without accents and signs. */
    title: p.text(),
    words: p.string().columnType('tsvector'),
  },
});
export class MediaWords extends MediaWordsSchema.class {}
MediaWordsSchema.setClass(MediaWords);

export { MediaWordsSchema };

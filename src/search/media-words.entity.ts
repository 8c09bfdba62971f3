import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';

/** The words that search finds a media by; maintained by triggers. */
const MediaWordsSchema = defineEntity({
  name: 'MediaWords',
  tableName: 'media_words',
  properties: {
    media: () => p.oneToOne(Media).primary().owner().deleteRule('cascade'),
    /** In lower case, without accents and punctuation. */
    title: p.text(),
    words: p.string().columnType('tsvector'),
  },
});
export class MediaWords extends MediaWordsSchema.class {}
MediaWordsSchema.setClass(MediaWords);

export { MediaWordsSchema };

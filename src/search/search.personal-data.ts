import { ofMedias, type Holding } from '../platform/database/holding.js';

export const mediaWords: Holding = {
  table: 'media_words',
  rows: ofMedias,
  exportedBy: null,
  why: 'What search finds the medias by: the words of their titles and descriptions.',
};

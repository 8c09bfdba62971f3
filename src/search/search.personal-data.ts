import { ofMedias, type Holding } from '../platform/database/holding.js';

export const mediaWords: Holding = {
  table: 'media_words',
  rows: ofMedias,
  exportedBy: null,
  why: 'The words of titles and descriptions, for search.',
};

import { ofMedias, type Holding } from '../platform/database/holding.js';

export const mediaTags: Holding = {
  table: 'media_tags',
  rows: ofMedias,
  exportedBy: ['media_id', 'tag_id'],
  why: 'Tags of the medias.',
};

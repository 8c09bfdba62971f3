import { by, type Holding } from '../platform/database/holding.js';

export const mediaMentions: Holding = {
  table: 'media_mentions',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Which medias mention the account; their texts stay.',
};

export const commentMentions: Holding = {
  table: 'comment_mentions',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Which comments mention the account; their texts stay.',
};

import { by, mediasOf, type Holding } from '../platform/database/holding.js';

export const reactions: Holding = {
  table: 'reactions',
  rows: by('user_id'),
  exportedBy: ['id'],
  without: ['id', 'is_counted'],
  why: 'Likes and other reactions to medias.',
  locks: (page) => [mediasOf(page)],
};

export const commentReactions: Holding = {
  table: 'comment_reactions',
  rows: by('user_id'),
  exportedBy: ['id'],
  without: ['id', 'is_counted'],
  why: 'Likes and other reactions to comments.',
};

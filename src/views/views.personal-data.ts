import { by, ofMedias, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

export const views: Holding = {
  table: 'views',
  rows: by('user_id'),
  exportedBy: ['last_viewed_at', 'media_id'],
  without: ['viewer_key', 'user_id', 'pending', 'pending_ms'],
  why: 'What the account watched, when last, and how long.',
  // An acknowledged view must be counted before its row goes.
  when: sql<boolean>`t.pending = 0 and t.pending_ms = 0`,
};

export const mediaViewDays: Holding = {
  table: 'media_view_days',
  rows: ofMedias,
  exportedBy: ['media_id', 'day'],
  why: 'How often the medias were watched, by day.',
};

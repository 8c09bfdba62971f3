import { by, type Holding } from '../platform/database/holding.js';

export const users: Holding = {
  table: 'users',
  rows: by('id'),
  exportedBy: ['id'],
  without: ['id', 'password_hash', 'is_counted', 'is_open', 'privacy_changed_at'],
  why: 'The account itself: profile, address, settings.',
};

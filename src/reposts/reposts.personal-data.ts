import { by, mediasOf, type Holding } from '../platform/database/holding.js';

export const reposts: Holding = {
  table: 'reposts',
  rows: by('user_id'),
  exportedBy: ['id'],
  without: ['id', 'is_counted'],
  why: 'Medias that the account reposted.',
  locks: (page) => [mediasOf(page)],
};

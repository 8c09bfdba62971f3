import { by, mediasOf, type Holding } from '../platform/database/holding.js';

export const saves: Holding = {
  table: 'saves',
  rows: by('user_id'),
  exportedBy: ['id'],
  without: ['id'],
  why: 'Medias that the account saved.',
  locks: (page) => [mediasOf(page)],
};

import { by, type Holding } from '../platform/database/holding.js';

export const exports: Holding = {
  table: 'exports',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Links to archives like this one.',
};

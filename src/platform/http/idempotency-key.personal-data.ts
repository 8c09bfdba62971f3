import { by, type Holding } from '../database/holding.js';

export const idempotencyKeys: Holding = {
  table: 'idempotency_keys',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Answers that are kept for a day, for requests that are repeated; copies of what is in the archive.',
};

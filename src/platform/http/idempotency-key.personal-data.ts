import { by, type Holding } from '../database/holding.js';

export const idempotencyKeys: Holding = {
  table: 'idempotency_keys',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Answers kept for a day, for repeated requests; copies of what is in the archive.',
};

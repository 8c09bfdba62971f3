import { by, type Holding } from '../platform/database/holding.js';

export const blocks: Holding = {
  table: 'blocks',
  rows: by('blocker_id', 'blocked_id'),
  // The account must not learn who blocked it.
  exportedBy: null,
  why: 'Whom the account blocked, and who blocked it.',
};

export const mutes: Holding = {
  table: 'mutes',
  rows: by('muter_id', 'muted_id'),
  exportedBy: null,
  why: 'Whom the account muted, and who muted it.',
};

import { by, type Holding } from '../platform/database/holding.js';

export const oneTimeCodes: Holding = {
  table: 'one_time_codes',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Hashes of mailed codes; useless to anybody.',
};

export const passwordResetLinks: Holding = {
  table: 'password_reset_links',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Hashes of mailed links for setting a new password; kept until they expire.',
};

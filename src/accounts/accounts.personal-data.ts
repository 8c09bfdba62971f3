import { by, type Holding } from '../platform/database/holding.js';

export const oneTimeCodes: Holding = {
  table: 'one_time_codes',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Hashes of codes that were mailed; of no use to anybody.',
};

export const passwordResetLinks: Holding = {
  table: 'password_reset_links',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Hashes of links that were mailed to set a new password; kept until they expire.',
};

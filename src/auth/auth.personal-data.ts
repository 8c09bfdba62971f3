import { by, type Holding } from '../platform/database/holding.js';

export const sessions: Holding = {
  table: 'sessions',
  rows: by('user_id'),
  exportedBy: ['id'],
  without: ['id', 'owner_id', 'user_id', 'refresh_hash'],
  why: 'Devices and network addresses from which the account was used.',
};

export const apiKeys: Holding = {
  table: 'api_keys',
  rows: by('user_id'),
  exportedBy: ['id'],
  without: ['id', 'owner_id', 'user_id', 'hash'],
  why: 'Names, scopes and last use; the keys themselves are not stored.',
};

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

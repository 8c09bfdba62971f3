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

import { by, type Holding } from '../platform/database/holding.js';

export const pushSubscriptions: Holding = {
  table: 'push_subscriptions',
  rows: by('user_id'),
  exportedBy: ['id'],
  without: ['id', 'user_id', 'session_id', 'api_key_id', 'endpoint', 'p256dh', 'auth', 'failures', 'paused_until'],
  why: 'Browsers that are pushed to, and since when.',
};

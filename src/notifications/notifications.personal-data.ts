import type { Below } from '../platform/database/below.js';
import { by, type Holding } from '../platform/database/holding.js';

/** Of whomever was notified of a thing. */
export const notificationsOf = (by: 'media_id' | 'comment_id'): Below => ({
  table: 'notifications',
  by,
  below: [{ table: 'notification_entries', by: 'notification_id' }],
});

export const notificationEntries: Holding = {
  table: 'notification_entries',
  rows: by('user_id', 'actor_id'),
  exportedBy: null,
  why: 'Who did what the account is notified of, and what it did that others are notified of.',
};

export const notifications: Holding = {
  table: 'notifications',
  rows: by('user_id', 'asker_id'),
  exportedBy: null,
  why: 'The account’s notifications; kept for 180 days.',
};

export const notificationPositions: Holding = {
  table: 'notification_positions',
  rows: by('user_id'),
  exportedBy: null,
  why: 'The last position in the list of notifications: a number.',
};

export const notificationPreferences: Holding = {
  table: 'notification_preferences',
  rows: by('user_id'),
  exportedBy: ['kind'],
  without: ['id', 'user_id'],
  why: 'What the account wants to be notified of, and where.',
};

export const notificationPushes: Holding = {
  table: 'notification_pushes',
  rows: by('user_id', 'actor_id'),
  exportedBy: null,
  why: 'Notifications that are to be pushed to the account, or are about it, and when they were last; kept for a day.',
};

export const strangerPushes: Holding = {
  table: 'stranger_pushes',
  rows: by('actor_id'),
  exportedBy: null,
  why: 'When the account caused pushes to users who do not follow it; kept for a day.',
};

export const mailedActs: Holding = {
  table: 'mailed_acts',
  rows: by('user_id', 'actor_id'),
  exportedBy: null,
  why: 'Mailed notifications to the account, or about it to others, undone since; kept for a week.',
};

import { by, type Holding } from '../platform/database/holding.js';

export const notificationEntries: Holding = {
  table: 'notification_entries',
  rows: by('user_id', 'actor_id'),
  exportedBy: null,
  why: 'Who did what the account is told of, and of what of the account others are told.',
};

export const notifications: Holding = {
  table: 'notifications',
  rows: by('user_id', 'asker_id'),
  exportedBy: null,
  why: 'What the account is told of; kept for 180 days.',
};

export const notificationPositions: Holding = {
  table: 'notification_positions',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Where the list of notifications has come to: a number.',
};

export const notificationPreferences: Holding = {
  table: 'notification_preferences',
  rows: by('user_id'),
  exportedBy: ['kind'],
  without: ['id', 'user_id'],
  why: 'Of what the account wants to be told, and where.',
};

export const mailedActs: Holding = {
  table: 'mailed_acts',
  rows: by('user_id', 'actor_id'),
  exportedBy: null,
  why: 'What was mailed to the account, or of it to others, and taken back since; kept for a week.',
};

import { Migration0001Initial } from './0001-initial.js';
import { Migration0002Social } from './0002-social.js';
import { Migration0003Counters } from './0003-counters.js';
import { Migration0005Search } from './0005-search.js';
import { Migration0006Notifications } from './0006-notifications.js';
import { Migration0007Lists } from './0007-lists.js';
import { Migration0008AddressCounts } from './0008-address-counts.js';
import { Migration0009NotificationPositions } from './0009-notification-positions.js';
import { Migration0010AccountStates } from './0010-account-states.js';
import { Migration0011Segments } from './0011-segments.js';
import { Migration0012Consequences } from './0012-consequences.js';
import { Migration0013MailedActs } from './0013-mailed-acts.js';

export const migrations = [
  { name: '0001-initial', class: Migration0001Initial },
  { name: '0002-social', class: Migration0002Social },
  { name: '0003-counters', class: Migration0003Counters },
  { name: '0005-search', class: Migration0005Search },
  { name: '0006-notifications', class: Migration0006Notifications },
  { name: '0007-lists', class: Migration0007Lists },
  { name: '0008-address-counts', class: Migration0008AddressCounts },
  { name: '0009-notification-positions', class: Migration0009NotificationPositions },
  { name: '0010-account-states', class: Migration0010AccountStates },
  { name: '0011-segments', class: Migration0011Segments },
  { name: '0012-consequences', class: Migration0012Consequences },
  { name: '0013-mailed-acts', class: Migration0013MailedActs },
];

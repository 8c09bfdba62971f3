import { Migration0001Initial } from './0001-initial.js';
import { Migration0002Social } from './0002-social.js';
import { Migration0003Counters } from './0003-counters.js';
import { Migration0004Search } from './0004-search.js';
import { Migration0005Notifications } from './0005-notifications.js';
import { Migration0006Lists } from './0006-lists.js';
import { Migration0007AddressCounts } from './0007-address-counts.js';
import { Migration0008NotificationPositions } from './0008-notification-positions.js';
import { Migration0009AccountStates } from './0009-account-states.js';
import { Migration0010Segments } from './0010-segments.js';
import { Migration0011Consequences } from './0011-consequences.js';
import { Migration0012MailedActs } from './0012-mailed-acts.js';
import { Migration0013MailsOfNotifications } from './0013-mails-of-notifications.js';
import { Migration0014SearchPairs } from './0014-search-pairs.js';
import { Migration0015Feeds } from './0015-feeds.js';
import { Migration0016Avatars } from './0016-avatars.js';
import { Migration0017PublishedLater } from './0017-published-later.js';

export const migrations = [
  { name: '0001-initial', class: Migration0001Initial },
  { name: '0002-social', class: Migration0002Social },
  { name: '0003-counters', class: Migration0003Counters },
  { name: '0004-search', class: Migration0004Search },
  { name: '0005-notifications', class: Migration0005Notifications },
  { name: '0006-lists', class: Migration0006Lists },
  { name: '0007-address-counts', class: Migration0007AddressCounts },
  { name: '0008-notification-positions', class: Migration0008NotificationPositions },
  { name: '0009-account-states', class: Migration0009AccountStates },
  { name: '0010-segments', class: Migration0010Segments },
  { name: '0011-consequences', class: Migration0011Consequences },
  { name: '0012-mailed-acts', class: Migration0012MailedActs },
  { name: '0013-mails-of-notifications', class: Migration0013MailsOfNotifications },
  { name: '0014-search-pairs', class: Migration0014SearchPairs },
  { name: '0015-feeds', class: Migration0015Feeds },
  { name: '0016-avatars', class: Migration0016Avatars },
  { name: '0017-published-later', class: Migration0017PublishedLater },
];

import type { Holding } from '../platform/database/holding.js';
import { oneTimeCodes, passwordResetLinks } from '../accounts/accounts.personal-data.js';
import { blocks, mutes } from '../blocks/blocks.personal-data.js';
import { comments } from '../comments/comments.personal-data.js';
import { exports } from './exports.personal-data.js';
import { activities, feedEntries, feedReaders, feedSources } from '../feeds/feeds.personal-data.js';
import { follows } from '../follows/follows.personal-data.js';
import { idempotencyKeys } from '../platform/http/idempotency-key.personal-data.js';
import { mediaFiles, medias } from '../media/media.personal-data.js';
import { mediaMentions, commentMentions } from '../mentions/mentions.personal-data.js';
import { mediaTags } from '../tags/tags.personal-data.js';
import { mediaWords } from '../search/search.personal-data.js';
import {
  mailedActs,
  notificationEntries,
  notifications,
  notificationPositions,
  notificationPreferences,
  notificationPushes,
  strangerPushes,
} from '../notifications/notifications.personal-data.js';
import {
  chatMembers,
  chatPushes,
  chats,
  messageHides,
  messageReactions,
  messages,
  messageWords,
} from '../messages/messages.personal-data.js';
import { photoWishes } from '../profile-photos/profile-photos.personal-data.js';
import { playlistItems, playlists } from '../playlists/playlists.personal-data.js';
import { pushSubscriptions } from '../push/push.personal-data.js';
import { reactions, commentReactions } from '../reactions/reactions.personal-data.js';
import { renditions, files } from '../files/files.personal-data.js';
import { reposts } from '../reposts/reposts.personal-data.js';
import { saves } from '../saves/saves.personal-data.js';
import { sessions, apiKeys } from '../auth/auth.personal-data.js';
import { uploads } from '../uploads/uploads.personal-data.js';
import { users } from '../users/users.personal-data.js';
import { views, mediaViewDays } from '../views/views.personal-data.js';

/**
 * Everything that is stored about an account, in the order in which it is deleted. Export and deletion both follow this
 * list; a test compares it with the existing tables, so each new table must declare what it holds, beside its entity.
 */
export const inventory: readonly Holding[] = [
  pushSubscriptions,
  sessions,
  apiKeys,
  oneTimeCodes,
  passwordResetLinks,
  exports,
  idempotencyKeys,
  follows,
  feedSources,
  feedEntries,
  feedReaders,
  blocks,
  mutes,
  notificationEntries,
  notifications,
  mailedActs,
  notificationPositions,
  notificationPreferences,
  notificationPushes,
  strangerPushes,
  reactions,
  commentReactions,
  reposts,
  activities,
  saves,
  views,
  mediaMentions,
  commentMentions,
  comments,
  playlistItems,
  playlists,
  mediaViewDays,
  chatPushes,
  messageReactions,
  messageHides,
  messageWords,
  messages,
  chatMembers,
  chats,
  uploads,
  mediaWords,
  mediaTags,
  mediaFiles,
  medias,
  photoWishes,
  renditions,
  files,
  users,
];

/** Tables that belong to nobody, and why they are kept. */
export const impersonal: Readonly<Record<string, string>> = {
  tags: 'Words, shared by all medias.',
  avatars: 'Pictures that integrators upload for hashes of their own; only they can delete them.',
  outbox_events: 'Ids of events, and former addresses of accounts; kept for a week.',
  address_counts: 'Numbers of mails and tries per address, under a keyed hash; kept for a day.',
  migrations: 'Which database migrations were applied.',
};

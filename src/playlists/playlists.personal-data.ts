import { by, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

export const playlistItems: Holding = {
  table: 'playlist_items',
  rows: (userId) => sql<boolean>`t.playlist_id in (select id from playlists where owner_id = ${userId})`,
  exportedBy: ['playlist_id', 'media_id'],
  without: ['id', 'owner_id', 'is_counted'],
  why: 'The items of the playlists, with notes.',
  // Playlists before their items: the lock order everywhere.
  locks: (_page, userId) => [sql`select 1 from playlists where owner_id = ${userId} order by id for no key update`],
};

export const playlists: Holding = {
  table: 'playlists',
  rows: by('owner_id'),
  exportedBy: ['id'],
  without: ['owner_id', 'owner_is_open'],
  why: 'Playlists with titles and descriptions.',
};

import { threads } from '../comments/comments.personal-data.js';
import { notificationsOf } from '../notifications/notifications.personal-data.js';
import { deleteBelow, type Below } from '../platform/database/below.js';
import { by, ofMedias, type Erasing, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

export const mediaFiles: Holding = {
  table: 'media_files',
  rows: ofMedias,
  exportedBy: ['media_id', 'position'],
  why: 'Which file is at which position of which media.',
};

export const medias: Holding = {
  table: 'medias',
  rows: by('owner_id'),
  exportedBy: ['id'],
  without: ['owner_id', 'owner_is_counted', 'owner_is_open'],
  why: 'What the account published, with titles and descriptions.',
  erase: eraseMedias,
};

/** What others add to medias. Of files, tags and days there are few. */
export const belowMedias: readonly Below[] = [
  notificationsOf('media_id'),
  threads,
  { table: 'reactions', by: 'media_id' },
  { table: 'reposts', by: 'media_id' },
  { table: 'activities', by: 'media_id' },
  { table: 'saves', by: 'media_id' },
  { table: 'views', by: 'media_id' },
  {
    table: 'playlist_items',
    by: 'media_id',
    locks: (page) => [
      sql`select 1 from playlists where id in (select t.playlist_id ${page}) order by id for no key update`,
    ],
  },
];

/** Locks medias before the playlists they are in, whose counters move; all of a slice in one order. */
async function eraseMedias({ em, userId, limit }: Erasing): Promise<number | 'again'> {
  const medias = await sql<{ id: string }>`
    select id from medias where owner_id = ${userId} order by id limit ${limit} for update`.all(em);
  const ids = medias.map(({ id }) => id);
  if (await deleteBelow(em, belowMedias, ids)) return 'again';
  await sql`
    select 1 from playlists
    where id in (select playlist_id from playlist_items where media_id = any(${ids}::uuid[]))
    order by id for no key update`.all(em);
  await sql`delete from medias where id = any(${ids}::uuid[])`.all(em);
  return ids.length;
}

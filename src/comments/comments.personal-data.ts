import { notificationsOf } from '../notifications/notifications.personal-data.js';
import { deleteBelow, type Below } from '../platform/database/below.js';
import { by, type Erasing, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

const belowComments: readonly Below[] = [
  { table: 'comment_reactions', by: 'comment_id' },
  { table: 'comment_mentions', by: 'comment_id' },
  notificationsOf('comment_id'),
];

/** The comments of a media, and the replies to each. */
export const threads: Below = {
  table: 'comments',
  by: 'thread_id',
  get below() {
    return [threads, ...belowComments];
  },
};

export const comments: Holding = {
  table: 'comments',
  rows: by('author_id'),
  exportedBy: ['id'],
  without: ['author_id', 'thread_id', 'is_counted'],
  why: 'Comments that the account wrote. Those with replies stay, without text and author.',
  erase: eraseComments,
};

/** Comments with replies lose text and author; the others are deleted. */
async function eraseComments({ em, userId, limit }: Erasing): Promise<number | 'again'> {
  const comments = await sql<{ id: string; mediaId: string }>`
    select id, media_id as "mediaId" from comments where author_id = ${userId} order by id limit ${limit}`.all(em);
  const ids = comments.map(({ id }) => id);
  // Medias first, as everywhere: see MediaAccess.
  await sql`
    select 1 from medias where id = any(${comments.map(({ mediaId }) => mediaId)}::uuid[])
    order by id for no key update`.all(em);
  await sql`select 1 from comments where id = any(${ids}::uuid[]) order by id for update`.all(em);
  const unanswered = await sql<{ id: string }>`
    select id from comments c
    where id = any(${ids}::uuid[]) and not exists (select 1 from comments r where r.parent_id = c.id)`.all(em);
  const gone = unanswered.map(({ id }) => id);
  if (await deleteBelow(em, belowComments, gone)) return 'again';
  await sql`delete from comments where id = any(${gone}::uuid[])`.all(em);
  await sql`
    update comments set author_id = null, text = '', attachment_id = null, deleted_at = now()
    where id = any(${ids}::uuid[])`.all(em);
  return ids.length;
}

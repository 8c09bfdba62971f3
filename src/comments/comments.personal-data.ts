import { by, type Erasing, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

export const comments: Holding = {
  table: 'comments',
  rows: by('author_id'),
  exportedBy: ['id'],
  without: ['author_id', 'thread_id', 'is_counted'],
  why: 'Comments that the account wrote. Those with replies stay, without text and author.',
  erase: eraseComments,
};

/** Comments with replies lose text and author; the others are deleted. */
async function eraseComments({ em, userId, limit }: Erasing): Promise<number> {
  const comments = await sql<{ id: string; mediaId: string }>`
    select id, media_id as "mediaId" from comments where author_id = ${userId} order by id limit ${limit}`.all(em);
  const ids = comments.map(({ id }) => id);
  // Medias first, as everywhere: see MediaAccess.
  await sql`
    select 1 from medias where id = any(${comments.map(({ mediaId }) => mediaId)}::uuid[])
    order by id for no key update`.all(em);
  await sql`select 1 from comments where id = any(${ids}::uuid[]) order by id for update`.all(em);
  await sql`
    delete from comments c
    where id = any(${ids}::uuid[]) and not exists (select 1 from comments r where r.parent_id = c.id)`.all(em);
  await sql`
    update comments set author_id = null, text = '', attachment_id = null, deleted_at = now()
    where id = any(${ids}::uuid[])`.all(em);
  return ids.length;
}

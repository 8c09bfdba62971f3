import { by, type Erasing, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

export const uploads: Holding = {
  table: 'uploads',
  rows: by('owner_id'),
  exportedBy: ['id'],
  without: ['id', 'owner_id', 'user_id', 'writer', 'writer_until'],
  why: 'Unfinished uploads, and those of the last day.',
  erase: eraseUploads,
};

/** Their bytes are on local disk; the uploads sweeper removes both. */
async function eraseUploads({ em, userId }: Erasing): Promise<number> {
  await sql`
    update uploads set expires_at = now()
    where owner_id = ${userId} and state = 'open' and expires_at > now()`.all(em);
  const gone = await sql`delete from uploads where owner_id = ${userId} and state = 'settled' returning 1`.all(em);
  return gone.length;
}

import { by, type Erasing, type Holding } from '../platform/database/holding.js';
import { deleteFiles } from './delete-files.js';
import { sql } from '../platform/database/sql.js';

export const renditions: Holding = {
  table: 'renditions',
  rows: (userId) => sql<boolean>`t.file_id in (select id from files where owner_id = ${userId})`,
  exportedBy: ['file_id', 'id'],
  without: ['id', 'key', 'segments'],
  why: 'Sizes and qualities made from the files; the archive holds the originals instead.',
};

export const files: Holding = {
  table: 'files',
  rows: by('owner_id'),
  exportedBy: ['id'],
  without: ['owner_id', 'source_key'],
  why: 'Uploaded files. Their bytes are in the archive, and are deleted with all renditions.',
  erase: eraseFiles,
};

/** Their bytes are deleted by an event for each file. */
async function eraseFiles({ em, outbox, userId, limit }: Erasing): Promise<number> {
  const files = await sql<{ id: string }>`
    select id from files where owner_id = ${userId} order by id limit ${limit} for update`.all(em);
  const ids = files.map(({ id }) => id);
  if (ids.length) await deleteFiles(em, outbox, ids);
  return ids.length;
}

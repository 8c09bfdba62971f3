import type { EntityManager } from '@mikro-orm/postgresql';
import { sql } from '../platform/database/sql.js';
import type { Outbox } from '../platform/events/outbox.js';
import { isCharged } from './rendition.entity.js';

/** Whether a file `f` is its owner's profile or channel photo, or requested as one. */
export const onProfile = sql`(exists (select 1 from users u where u.id = f.owner_id and f.id in (u.profile_photo_id, u.channel_photo_id))
  or exists (select 1 from photo_wishes w where w.file_id = f.id))`;

/** Whether a message shows a file `f`. */
export const isSent = sql`(exists (select 1 from messages s where s.file_id = f.id))`;

/**
 * Deletes rows of files, refunds their quota and records `file.deleted`, whose job deletes the bytes. Silently skips
 * profile photos, and what messages show. The caller must have checked that no media or comment shows the files. Runs in the caller's
 * transaction.
 */
export async function deleteFiles(em: EntityManager, outbox: Outbox, fileIds: string[]): Promise<void> {
  // Locked in a separate statement, so that the next one sees what concurrent transactions committed.
  await sql`select id from files where id = any(${fileIds}::uuid[]) order by id for update`.all(em);
  const gone = await sql<{ id: string; ownerId: string; bytes: string }>`
    delete from files f where id = any(${fileIds}::uuid[]) and not ${onProfile} and not ${isSent}
    returning id, owner_id as "ownerId", bytes + (
      select coalesce(sum(r.bytes), 0) from renditions r where r.file_id = f.id and ${isCharged}) as bytes`.all(em);
  for (const { id, ownerId, bytes } of gone) {
    await sql`update users set storage_bytes = storage_bytes - ${bytes} where id = ${ownerId}`.all(em);
    await outbox.record('file.deleted', { fileId: id });
  }
}

import type { EntityManager } from '@mikro-orm/postgresql';
import { sql } from '../platform/database/sql.js';
import type { Outbox } from '../platform/events/outbox.js';
import { isCharged } from './rendition.entity.js';

/** Whether a file `f` is shown by its owner's profile, or is going to be. */
export const onProfile = sql`(exists (select 1 from users u where u.id = f.owner_id and f.id in (u.profile_photo_id, u.channel_photo_id))
  or exists (select 1 from photo_wishes w where w.file_id = f.id))`;

/** In the caller's transaction: rows and quota go, events for the bytes stay. What a profile shows stays whole. */
export async function deleteFiles(em: EntityManager, outbox: Outbox, fileIds: string[]): Promise<void> {
  // A statement of its own: after waiting for the locks the next one sees what was waited for.
  await sql`select id from files where id = any(${fileIds}::uuid[]) order by id for update`.all(em);
  const gone = await sql<{ id: string; ownerId: string; bytes: string }>`
    delete from files f where id = any(${fileIds}::uuid[]) and not ${onProfile}
    returning id, owner_id as "ownerId", bytes + (
      select coalesce(sum(r.bytes), 0) from renditions r where r.file_id = f.id and ${isCharged}) as bytes`.all(em);
  for (const { id, ownerId, bytes } of gone) {
    await sql`update users set storage_bytes = storage_bytes - ${bytes} where id = ${ownerId}`.all(em);
    await outbox.record('file.deleted', { fileId: id });
  }
}

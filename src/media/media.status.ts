import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import { sql } from '../platform/database/sql.js';

/** The only place that changes a media's status. */
@Injectable()
export class MediaStatus {
  constructor(private readonly outbox: Outbox) {}

  /**
   * Derives the status from the files. The media is shown once there is enough of each file; the first time, it is
   * published.
   */
  async settle(em: EntityManager, mediaId: string): Promise<void> {
    // A separate statement, so that the next one sees what was committed while this one waited for the lock.
    await sql`select 1 from medias where id = ${mediaId} for update`.all(em);
    const [published] = await sql<{ owner_id: string | null }>`
      with before as (select id, published_at from medias where id = ${mediaId}),
      s as (select case when bool_or(f.status = 'failed') then 'failed' when bool_and(f.status =
        'ready') then 'ready'
          else 'processing' end as status, bool_and(f.playable) as shown
        from media_files mf join files f on f.id = mf.file_id where mf.media_id = ${mediaId})
      update medias m set status = s.status, shown = s.shown,
        updated_at = case when m.status = s.status then m.updated_at else now() end,
        published_at = case when s.shown then coalesce(m.published_at, now()) else m.published_at end
      from s, before where m.id = before.id
      returning case when before.published_at is null and m.published_at is not null then m.owner_id
        end as owner_id`.all(em);
    if (published?.owner_id) await this.outbox.record('media.published', { mediaId, ownerId: published.owner_id });
  }
}

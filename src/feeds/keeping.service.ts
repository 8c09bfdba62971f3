import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { refuseBeyond } from '../platform/limits/amounts.js';

/** Whoever unfollows may keep what the timeline has. Both run in the caller's transaction. */
@Injectable()
export class KeepingService {
  /** Before the follow ends, which takes what is still open. @throws {Problem} `limit_reached` */
  async keep(em: EntityManager, readerId: string, actorId: string): Promise<void> {
    const closed = await sql`
      update feed_sources set to_seq = (select last_value from activities_seq), is_fed = false, changed_at = clock_timestamp()
      where reader_id = ${readerId} and actor_id = ${actorId} and to_seq is null returning 1`.all(em);
    if (closed.length)
      await refuseBeyond(
        em,
        'kept',
        readerId,
        sql`from feed_sources where reader_id = ${readerId} and to_seq is not null`,
      );
  }

  /** @returns whether anything was kept */
  async drop(em: EntityManager, readerId: string, actorId: string): Promise<boolean> {
    const gone = await sql`
      delete from feed_sources
      where reader_id = ${readerId} and actor_id = ${actorId} and to_seq is not null returning 1`.all(em);
    return gone.length > 0;
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { sql } from '../platform/database/sql.js';

/** For so long a process does not note the same reader again, ms: the database keeps the hour only. */
const restMs = 10 * 60_000;

/**
 * Knows who reads their timeline. Timelines of readers who stay away are not written (sweeping.service.ts), and are built
 * when they return.
 */
@Injectable()
export class Readers {
  private readonly noted = new LRUCache<string, true>({ max: 50_000, ttl: restMs });

  constructor(private readonly em: EntityManager) {}

  /**
   * Notes that somebody reads their timeline, once an hour; where it is not written in advance, asks for that, once a minute.
   * A statement of its own, and a rare one: as a part of the page's it cost each page a tenth of its time.
   */
  async note(readerId: string, isWritten: boolean): Promise<void> {
    if (isWritten && this.noted.has(readerId)) return;
    await sql`
      with due as materialized (
        select where not exists (select from feed_readers r where r.reader_id = ${readerId}
          and r.seen_at > now() - case when ${isWritten} then interval '1 hour' else interval '1 minute' end)),
      noted as (
        insert into feed_readers (reader_id) select ${readerId} from due
        on conflict (reader_id) do update set seen_at = now())
      insert into outbox_events (name, payload)
        select 'timeline.wanted', jsonb_build_object('readerId', ${readerId}::text) from due where not ${isWritten}`.all(
      this.em,
    );
    if (isWritten) this.noted.set(readerId, true);
  }
}

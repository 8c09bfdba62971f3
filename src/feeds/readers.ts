import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { sql, type Statement } from '../platform/database/sql.js';

/** For so long a process does not note the same reader again, ms: the database keeps the hour only. */
const restMs = 10 * 60_000;

const noted = (readerId: string, rest: Statement) => sql`
  due as materialized (
    select where not exists (select from feed_readers r where r.reader_id = ${readerId} and r.seen_at > now() - ${rest})),
  noted as (
    insert into feed_readers (reader_id) select ${readerId} from due
    on conflict (reader_id) do update set seen_at = now())`;

/**
 * Notes that somebody reads a timeline that is not written in advance, and asks for that, once a minute.
 * @returns named parts for the `with` of a statement
 */
export const asking = (readerId: string): Statement => sql`
  ${noted(readerId, sql`interval '1 minute'`)},
  asked as (
    insert into outbox_events (name, payload)
    select 'timeline.wanted', jsonb_build_object('readerId', ${readerId}::text) from due)`;

/**
 * Knows who reads their timeline. Timelines of readers who stay away are not written (sweeping.service.ts), and are built
 * when they return.
 */
@Injectable()
export class Readers {
  private readonly noted = new LRUCache<string, true>({ max: 50_000, ttl: restMs });

  constructor(private readonly em: EntityManager) {}

  /**
   * Notes that somebody reads a timeline that is written in advance, once an hour. A statement of its own, and a rare one: as
   * a part of the page's it cost each page a tenth of its time.
   */
  async note(readerId: string): Promise<void> {
    if (this.noted.has(readerId)) return;
    await sql`with ${noted(readerId, sql`interval '1 hour'`)} select`.all(this.em);
    this.noted.set(readerId, true);
  }
}

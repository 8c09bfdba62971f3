import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';

/** Entries of one timeline; further down it is read from its sources. */
export const maxEntries = 2_000;

/** One at a time works at a timeline. Writing an activity into many of them does not wait for that. */
export const turnOf = (readerId: string) => turnsOf([readerId]);

/** Of several timelines, in an order that all share. */
const turnsOf = (readerIds: string[]) => sql`
  select pg_advisory_xact_lock(t.turn) from (
    select distinct hashtextextended('feed:' || id, 0) as turn from unnest(${readerIds}::uuid[]) id order by 1) t`;

/** Makes the timeline of one reader agree with its sources. */
@Injectable()
export class BuildingService {
  constructor(private readonly em: EntityManager) {}

  /**
   * In two transactions: from the first one on whatever is written goes into this timeline, too; the second one sees all
   * that was there before. Together they miss nothing.
   */
  async build(readerId: string): Promise<void> {
    await sql`
      insert into feed_entries (reader_id, seq, floor) select reader_id, 0, false from feed_readers where reader_id = ${readerId}
      on conflict do nothing`.all(this.em);
    await this.em.transactional(async (em) => {
      await turnOf(readerId).all(em);
      const building = await sql`
        select from feed_entries where reader_id = ${readerId} and not floor`.all(em);
      if (!building.length) return;
      const [built] = await sql<{ floor: string }>`
        with sources as materialized (select * from feed_sources where reader_id = ${readerId}),
        found as materialized (
          select a.seq, a.media_id from sources s cross join lateral (
            select a.seq, a.media_id from activities a
            where a.actor_id = s.actor_id and a.seq >= s.from_seq and a.seq <= coalesce(s.to_seq, a.seq)
            order by a.seq desc limit ${maxEntries}) a
          order by a.seq desc limit ${maxEntries}),
        written as (
          insert into feed_entries (reader_id, seq, media_id) select ${readerId}, seq, media_id from found
          on conflict do nothing),
        fed as (
          update feed_sources s set is_fed = true from sources x
          where s.reader_id = x.reader_id and s.actor_id = x.actor_id and s.changed_at = x.changed_at and not s.is_fed)
        select case when count(*) = ${maxEntries} then min(seq) else 0 end as floor from found`.all(em);
      await this.setFloor(em, readerId, built!.floor);
    });
  }

  /** From there up the entries are complete. In the caller's transaction. */
  async setFloor(em: EntityManager, readerId: string, floor: string): Promise<void> {
    await sql`delete from feed_entries where reader_id = ${readerId} and floor is not null`.all(em);
    await sql`
      insert into feed_entries (reader_id, seq, media_id, floor)
      values (${readerId}, ${floor}, (select media_id from activities where seq = ${floor}), true)
      on conflict (reader_id, seq) do update set floor = true`.all(em);
  }

  /** What these sources of timelines have come to have, or have no more. */
  settle(sources: { readerId: string; actorId: string }[]): Promise<void> {
    const readers = sources.map(({ readerId }) => readerId);
    const changed = sql`unnest(${readers}::uuid[], ${sources.map(({ actorId }) => actorId)}::uuid[]) as c (reader_id, actor_id)`;
    return this.em.transactional(async (em) => {
      await turnsOf(readers).all(em);
      await sql`
        with source as materialized (
          select distinct s.* from ${changed}
          join feed_sources s on s.reader_id = c.reader_id and s.actor_id = c.actor_id and not s.is_fed),
        written as (
          insert into feed_entries (reader_id, seq, media_id)
            select s.reader_id, a.seq, a.media_id from source s
            join feed_entries f on f.reader_id = s.reader_id and f.floor is not null
            join activities a on a.actor_id = s.actor_id
              and a.seq >= greatest(s.from_seq, f.seq) and a.seq <= coalesce(s.to_seq, a.seq)
            order by s.reader_id, a.seq
          on conflict do nothing)
        update feed_sources s set is_fed = true from source x
        where s.reader_id = x.reader_id and s.actor_id = x.actor_id and s.changed_at = x.changed_at`.all(em);
      await sql`
        with ended as materialized (
          select distinct c.* from ${changed} where not exists (
            select from feed_sources s where s.reader_id = c.reader_id and s.actor_id = c.actor_id))
        delete from feed_entries e using ended c, activities a
        where e.reader_id = c.reader_id and e.floor is null and a.seq = e.seq and a.actor_id = c.actor_id`.all(em);
    });
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { MovedCounts } from '../counters/moved-counts.service.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { sql } from '../platform/database/sql.js';

/** Medias per transaction. */
const slice = 200;

/** Adds views to the counters of their medias, in batches: reports write one row per viewer only. */
@Injectable()
export class ViewsJobs {
  constructor(
    private readonly em: EntityManager,
    private readonly moved: MovedCounts,
  ) {}

  @OnJob('views.count')
  async count(_payload: object, { signal }: Pick<JobContext, 'signal'>): Promise<void> {
    for (let ids = await this.countSlice(); ids.length; ids = await this.countSlice()) {
      this.moved.ofMedia(...ids);
      signal.throwIfAborted();
    }
  }

  /**
   * Counters and pending views change in one transaction: an interruption neither loses nor doubles a view.
   * @returns the medias
   */
  private countSlice(): Promise<string[]> {
    return this.em.transactional(async (em) => {
      const [turn] = await sql<{ mine: boolean }>`
        select pg_try_advisory_xact_lock(hashtext('views.count')) as mine`.all(em);
      if (!turn?.mine) return [];
      const medias = await sql<{ id: string }>`
        select m.id from medias m where m.id in (select media_id from views where pending > 0 or pending_ms > 0
          limit ${slice})
        order by m.id for no key update skip locked`.all(em);
      if (!medias.length) return [];
      const ids = medias.map(({ id }) => id);
      await sql`
        with counted as (
          update views set pending = 0, pending_ms = 0 where media_id = any(${ids}::uuid[])
            and (pending > 0
            or pending_ms > 0)
          returning media_id, old.pending as views, old.pending_ms as ms),
        sums as (select media_id, sum(views)::int as views, sum(ms) as ms from counted
          group by media_id),
        days as (insert into media_view_days (media_id, day, views, watched_ms)
          select media_id, (now() at time zone 'UTC')::date, views, ms from sums
          on conflict (media_id, day) do update set views = media_view_days.views + excluded.views,
            watched_ms = media_view_days.watched_ms + excluded.watched_ms)
        update medias m set views_count = m.views_count + s.views from sums s
          where s.media_id = m.id and s.views > 0`.all(em);
      return ids;
    });
  }
}

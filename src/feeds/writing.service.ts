import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { sql } from '../platform/database/sql.js';
import { Outbox } from '../platform/events/outbox.js';
import type { verbs } from './activity.entity.js';

/** Readers per page. */
const slice = 25_000;
const first = '00000000-0000-0000-0000-000000000000';

/** Writes an activity into the timelines of those who follow its actor, page by page, each of which may be done twice. */
@Injectable()
export class WritingService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param cursor as it was returned. It names the number of the activity, too: if that was replaced by another one
   * meanwhile, the first page comes again.
   * @returns where to go on, if there are more readers
   */
  write(
    mediaId: string,
    actorId: string,
    verb: (typeof verbs)[number],
    cursor: string | undefined,
  ): Promise<string | undefined> {
    return this.em.transactional(async (em) => {
      const [activity] = await sql<{ seq: string; isWide: boolean }>`
        select a.seq, u.followers_count > ${this.config.feeds.fanoutLimit} as "isWide"
        from activities a join users u on u.id = a.actor_id
        where a.media_id = ${mediaId} and a.actor_id = ${actorId} and a.verb = ${verb} and a.fanout = 'pending'`.all(
        em,
      );
      if (!activity) return undefined;
      const [seq, last] = cursor?.split(':') ?? [];
      const after = (seq === activity.seq && last) || first;
      const isMerged = activity.isWide && after === first;
      const reader = isMerged ? null : await this.writePage(em, { mediaId, actorId, seq: activity.seq }, after);
      if (reader) return `${activity.seq}:${reader}`;
      await sql`
        update activities set fanout = ${isMerged ? 'merged' : 'done'}
        where seq = ${activity.seq} and fanout = 'pending'`.all(em);
      await this.outbox.record('feed.changed', { actorId, seq: Number(activity.seq) });
      return undefined;
    });
  }

  /** Into those timelines that are written: who is away finds it when it is built. */
  private async writePage(
    em: EntityManager,
    { mediaId, actorId, seq }: { mediaId: string; actorId: string; seq: string },
    after: string,
  ): Promise<string | null> {
    const [page] = await sql<{ last: string | null }>`
      with readers as materialized (
        select s.reader_id from feed_sources s
        where s.actor_id = ${actorId} and s.to_seq is null and s.reader_id > ${after}
        order by s.reader_id limit ${slice}),
      written as (
        insert into feed_entries (reader_id, seq, media_id)
          select r.reader_id, ${seq}::bigint, ${mediaId}::uuid from readers r
          join feed_entries f on f.reader_id = r.reader_id and f.floor is not null
        on conflict do nothing)
      select case when count(*) = ${slice} then max(reader_id::text) end as last from readers`.all(em);
    return page!.last;
  }
}

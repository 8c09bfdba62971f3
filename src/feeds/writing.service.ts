import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { brokenUnique } from '../platform/database/unique.js';
import { Outbox } from '../platform/events/outbox.js';
import type { verbs } from './activity.entity.js';

/** Readers per page. */
const slice = 25_000;
/** `on conflict` */
const none = sql``;
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
  async write(
    mediaId: string,
    actorId: string,
    verb: (typeof verbs)[number],
    cursor: string | undefined,
  ): Promise<string | undefined> {
    try {
      return await this.writeNext(mediaId, actorId, verb, cursor, none);
    } catch (error) {
      if (!brokenUnique(error)) throw error;
      // The page was written before, or a timeline was built meanwhile. Expecting that would cost each entry half as much again.
      return this.writeNext(mediaId, actorId, verb, cursor, sql`on conflict do nothing`);
    }
  }

  private writeNext(
    mediaId: string,
    actorId: string,
    verb: (typeof verbs)[number],
    cursor: string | undefined,
    onConflict: Statement,
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
      const reader = isMerged
        ? null
        : await this.writePage(em, { mediaId, actorId, seq: activity.seq }, after, onConflict);
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
    onConflict: Statement,
  ): Promise<string | null> {
    const [page] = await sql<{ last: string | null }>`
      with readers as materialized (
        select s.reader_id, f.reader_id is not null as is_written from feed_sources s
        left join feed_entries f on f.reader_id = s.reader_id and f.floor is not null
        where s.actor_id = ${actorId} and s.to_seq is null and s.reader_id > ${after}
        order by s.reader_id limit ${slice}),
      written as (
        insert into feed_entries (reader_id, seq, media_id)
          select reader_id, ${seq}::bigint, ${mediaId}::uuid from readers where is_written ${onConflict})
      select case when count(*) = ${slice} then max(reader_id::text) end as last from readers`.all(em);
    return page!.last;
  }
}

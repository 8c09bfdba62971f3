import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { isOnline } from '../platform/realtime/online.js';
import { Signals } from '../platform/realtime/signals.js';
import { reachOf } from '../visibility/reach.js';
import { notBlocked, notMuted } from '../visibility/relations.js';

/** Followers per page. */
const slice = 25_000;
const follower = sql.ident<string>('o.follower_id');
const first = '00000000-0000-0000-0000-000000000000';

/** Tells followers who are there that their timeline has something new. */
@Injectable()
export class FeedSignals {
  constructor(
    private readonly em: EntityManager,
    private readonly signals: Signals,
  ) {}

  /**
   * Nobody, if followers do not find the media.
   * @param seq of the activity
   * @returns where to go on, if there are more followers
   */
  async tell(actorId: string, seq: number, cursor = first): Promise<string | undefined> {
    const [page] = await sql<{ last: string | null; online: string[] }>`
      with followers as materialized (
        select f.follower_id, f.followee_id from follows f
        where f.followee_id = ${actorId} and f.follower_id > ${cursor} and f.accepted_at is not null
          and exists (select from activities a join medias m on m.id = a.media_id
            where a.seq = ${seq}::bigint and m.reach >= ${reachOf.followers})
        order by f.follower_id limit ${slice}),
        online as materialized (select f.* from followers f where ${isOnline(sql.ident('f', 'follower_id'))})
      select (select case when count(*) = ${slice} then max(follower_id::text) end from followers) as last,
        array(select follower_id from online o
          where ${notMuted(follower, 'o.followee_id')} and ${notBlocked(follower, 'o.followee_id')}) as online`.all(
      this.em,
    );
    this.signals.tell(page!.online, 'feed.changed', {});
    return page!.last ?? undefined;
  }
}

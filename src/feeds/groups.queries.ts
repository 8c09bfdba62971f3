import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { MediaReader } from '../media/media-reader.service.js';
import { keyOf, keysetPage, type Keyed } from '../platform/database/keyset.js';
import { isoTime } from '../platform/database/iso-time.js';
import { sql } from '../platform/database/sql.js';
import { missingByKey } from '../platform/database/exists-by-key.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { inTimelineOf } from '../visibility/feeds.js';
import type { verbs } from './activity.entity.js';
import { latest, wanted, withNewest } from './feed-page.js';
import { mostMedias, type FeedQuery } from './feeds.schemas.js';
import { noting } from './readers.js';
import { timelineOf } from './timeline.js';

interface Group extends Keyed, OwnerRow {
  actorId: string;
  verb: (typeof verbs)[number];
  day: string;
  seq: number;
  at: string;
  count: number;
}
const most = sql.raw(mostMedias);
const mostCounted = sql.raw('100');

/**
 * A timeline by actor, verb and day, at the place of the latest of each. A group that grows while somebody pages is not
 * met again further down: `since` finds it.
 */
@Injectable()
export class GroupsQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly medias: MediaReader,
  ) {}

  async timeline(reader: string, query: FeedQuery) {
    const ask = wanted(query);
    // The rest of the group of `a`, as `g` and its medias `gm`.
    const rest = sql`from activities g join medias gm on gm.id = g.media_id
      where g.actor_id = a.actor_id and g.verb = a.verb and g.day = a.day
        and ${query.type === 'any' ? sql`true` : sql`g.type = ${sql.word(query.type)}`} and ${inTimelineOf(reader, 'g', 'gm')}`;
    const isHead = missingByKey(sql`${rest} and g.seq > a.seq order by g.seq desc limit 1`);
    const noted = query.cursor === undefined ? sql`with ${noting(reader)}` : sql``;
    const heads = await sql<Group>`
      ${noted} select a.actor_id as "actorId", a.verb, a.day::text as day, a.seq::float8 as seq, a.created_at as at,
        u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId",
        (select count(*)::int from (select ${rest} limit ${mostCounted}) counted) as count, ${keyOf(latest)}
      from (${timelineOf(reader, ask, isHead)}) a join users u on u.id = a.actor_id
      order by a.seq desc limit ${query.limit + 1}`.all(this.em);
    const page = keysetPage(latest, heads, query.limit, (head) => head);
    const medias = await this.mediasOf(reader, page.items, query);
    const items = page.items.map((group, i) => ({
      seq: group.seq,
      actor: ownerAnswer(group),
      verb: group.verb,
      day: group.day,
      at: isoTime(group.at),
      count: group.count,
      medias: medias.filter(({ group: of }) => of === i).map(({ group: _, ...media }) => media),
    }));
    return withNewest({ items, nextCursor: page.nextCursor }, query.since);
  }

  /** In the order of the groups, and of their places. */
  private mediasOf(reader: string, heads: Group[], { type }: FeedQuery) {
    const of = (column: (head: Group) => unknown) => heads.map(column);
    return this.medias.all(
      reader,
      sql`join (
        select a.media_id, a.seq, h.i from unnest(${of((h) => h.actorId)}::uuid[], ${of((h) => h.verb)}::text[],
          ${of((h) => h.day)}::date[], ${of((h) => h.seq)}::bigint[]) with ordinality as h (actor_id, verb, day, seq, i)
        cross join lateral (
          select a.media_id, a.seq from activities a join medias m on m.id = a.media_id
          where a.actor_id = h.actor_id and a.verb = h.verb and a.day = h.day and a.seq <= h.seq
            and ${type === 'any' ? sql`true` : sql`a.type = ${sql.word(type)}`} and ${inTimelineOf(reader)}
          order by a.seq desc limit ${most}) a) a on a.media_id = m.id`,
      sql`a.i, a.seq desc`,
      { columns: sql<{ group: number }>`a.i::int - 1 as "group"`, of: ({ group }) => ({ group }) },
    );
  }
}

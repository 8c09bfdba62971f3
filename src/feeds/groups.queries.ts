import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { MediaReader } from '../media/media-reader.service.js';
import { isoTime } from '../platform/database/iso-time.js';
import { sql } from '../platform/database/sql.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { inTimelineOf, repostsInSources, type Reposts } from '../visibility/feeds.js';
import { cursorAt, newestOf, wanted, type Wanted } from './feed-page.js';
import { maxMedias, type FeedQuery } from './feeds.schemas.js';
import { TimelineService, type Place } from './timeline.service.js';

/** A busy day is one group of very many places: so many are read for one page of groups, which is short then. */
const placesAtOnce = 100;
const maxPages = 5;
/** Of one group, however many posts of that day are hidden: the rest is not checked. */
const maxChecked = sql.raw('500');
const maxCounted = sql.raw('100');
const most = sql.raw(maxMedias);
const keyOf = ({ actorId, verb, day }: Place) => `${actorId} ${verb} ${day}`;

/** The latest place of each group. */
interface Heads {
  heads: Place[];
  next: number | null;
  reposts: Reposts;
}

/**
 * A timeline grouped by actor, verb and day, each at the place of its latest media. A group that grows during paging does
 * not appear again further down: `since` finds it.
 */
@Injectable()
export class GroupsQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly timelines: TimelineService,
    private readonly medias: MediaReader,
  ) {}

  async timeline(reader: string, query: FeedQuery) {
    const ask = wanted({ ...query, limit: placesAtOnce });
    const found = await this.heads(reader, ask, query.limit);
    const { heads, next } = found;
    const [groups, medias] = heads.length
      ? [await this.groups(reader, found, ask), await this.mediasOf(reader, found, ask)]
      : [[], []];
    return {
      items: heads.map((head, i) => ({
        actor: ownerAnswer(groups[i]!),
        verb: head.verb,
        day: head.day,
        at: isoTime(head.at),
        count: groups[i]!.count,
        medias: medias.filter(({ group }) => group === i).map(({ group: _, ...media }) => media),
      })),
      nextCursor: next === null ? null : cursorAt(next),
      newestCursor: newestOf(heads[0], query.since),
    };
  }

  /** The latest place of each group of a page, unless it is above the cursor: then an earlier page had the group. */
  private async heads(reader: string, ask: Wanted, limit: number): Promise<Heads> {
    const heads = new Map<string, Place>();
    const seen = new Set<string>();
    let next: number | null = ask.below;
    let reposts: Reposts = repostsInSources;
    for (let page = 0; page < maxPages && next !== null; page++) {
      const found = await this.timelines.read(reader, page ? ask.from(next) : ask);
      const fresh = [...Map.groupBy(found.places, keyOf).entries()].filter(([key]) => !seen.has(key));
      for (const [key] of fresh) seen.add(key);
      const first = fresh.map(([, [place]]) => place!);
      reposts = found.reposts;
      const above = ask.isFirst ? new Set<string>() : await this.above(reader, ask, first, reposts);
      for (const place of first) {
        if (above.has(keyOf(place))) continue;
        if (heads.size === limit) return { heads: [...heads.values()], next: [...heads.values()].at(-1)!.seq, reposts };
        heads.set(keyOf(place), place);
      }
      next = found.next;
    }
    return { heads: [...heads.values()], next, reposts };
  }

  /** Those groups that have something above the cursor, too. */
  private async above(
    reader: string,
    { below, isOfType }: Wanted,
    places: Place[],
    reposts: Reposts,
  ): Promise<Set<string>> {
    if (!places.length) return new Set();
    const rows = await sql<Pick<Place, 'actorId' | 'verb' | 'day'>>`
      select p.actor_id as "actorId", p.verb, p.day::text as day from ${listOf(places)}
      where exists (select from (
          select a.* from activities a where a.actor_id = p.actor_id and a.verb = p.verb and a.day = p.day
            and a.seq >= ${below}::bigint and ${isOfType} order by a.seq limit ${maxChecked}) a
        join medias m on m.id = a.media_id where ${inTimelineOf(reader, reposts)})`.all(this.em);
    return new Set(rows.map((row) => keyOf(row as Place)));
  }

  /** In the order of the heads. */
  private groups(reader: string, { heads, reposts }: Heads, { isOfType }: Wanted) {
    return sql<OwnerRow & { count: number }>`
      select u.id as "userId", u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId",
        (select count(*)::int from (
          select from (${activitiesOf}) a join medias m on m.id = a.media_id where ${isOfType} and ${inTimelineOf(reader, reposts)}
          limit ${maxCounted}) counted) as count
      from ${listOf(heads)} join users u on u.id = p.actor_id order by p.i`.all(this.em);
  }

  private mediasOf(reader: string, { heads, reposts }: Heads, { isOfType }: Wanted) {
    return this.medias.all(
      reader,
      sql`join (
        select a.media_id, a.seq, p.i from ${listOf(heads)}
        cross join lateral (
          select a.media_id, a.seq from (${activitiesOf}) a join medias m on m.id = a.media_id
          where ${isOfType} and ${inTimelineOf(reader, reposts)}
          order by a.seq desc limit ${most}) a) a on a.media_id = m.id`,
      sql`a.i, a.seq desc`,
      { columns: sql<{ group: number }>`a.i::int - 1 as "group"`, of: ({ group }) => ({ group }) },
    );
  }
}

/** As rows `p`. */
const listOf = (places: Place[]) => sql`
  unnest(${places.map((p) => p.actorId)}::uuid[], ${places.map((p) => p.verb)}::text[], ${places.map((p) => p.day)}::date[],
    ${places.map((p) => p.seq)}::bigint[]) with ordinality as p (actor_id, verb, day, seq, i)`;
/** Of the group of `p`, from its head on. */
const activitiesOf = sql`
  select a.* from activities a where a.actor_id = p.actor_id and a.verb = p.verb and a.day = p.day and a.seq <= p.seq
  order by a.seq desc limit ${maxChecked}`;

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql, type Statement } from '../platform/database/sql.js';
import { inTimelineOf, repostsInEntries, repostsInSources, type Reposts } from '../visibility/feeds.js';
import type { Wanted } from './feed-page.js';
import { asking, Readers } from './readers.js';
import { merged, pulled, unwritten } from './streams.js';

/** Statements of one request; a page that is still short then has a cursor all the same. */
const maxWindows = 4;

/** Where a media stands in a timeline, and what brought it there. */
export interface Place {
  mediaId: string;
  actorId: string;
  verb: 'post' | 'repost';
  day: string;
  seq: number;
  at: string;
  /** By anybody. */
  isReposted: boolean;
}
export type Places = Paged<Place>;
export interface Paged<P> {
  /** The latest first. */
  places: P[];
  /** Everything above it was found: the cursor of the next page. Null at the end. */
  next: number | null;
  /** Finds all their reposts: among the entries, unless some of these are below the floor. */
  reposts: Reposts;
}
interface Found {
  places: Place[];
  /** Numbers are strings: bigint. */
  floor: string | null;
}
/** Whether what is stored is all there is. */
export interface Completeness {
  floor: string | null;
  isMixed: boolean;
}

const columns = sql`a.media_id, a.actor_id, a.verb, a.day, a.seq, a.created_at, m.reposts_count > 0 as is_reposted`;
const asPlaces = (rows: string) => sql`(
  select coalesce(json_agg(json_build_object('mediaId', p.media_id, 'actorId', p.actor_id, 'verb', p.verb, 'day', p.day,
    'seq', p.seq, 'at', p.created_at, 'isReposted', p.is_reposted) order by p.seq desc), '[]') from ${sql.ident(rows)} p) as places`;

/**
 * Reads timelines. `inTimelineOf` decides what they have; here only candidates for it are found, a bounded number for each
 * statement. Usually the materialized timeline is all there is, and one statement finds it.
 */
@Injectable()
export class TimelineService {
  constructor(
    private readonly em: EntityManager,
    private readonly readers: Readers,
  ) {}

  /** About as many places as the page has, or fewer, if `next` says that there are more. */
  async read(reader: string, ask: Wanted): Promise<Places> {
    const { parts, completeness } = this.stored(reader, ask);
    const [stored] = await sql<Found & Completeness>`
      with recursive ${parts} select ${asPlaces('stored')}, ${completeness}`.all(this.em);
    await this.note(reader, ask, stored!);
    return this.page(ask, stored!, stored!.places) ?? this.gather(reader, ask, stored!);
  }

  /**
   * The materialized timeline, for a statement of the caller's, who calls `note` after it.
   * @returns parts for `with recursive`, of which `stored` has the places `a`; and the columns of `Completeness`
   */
  stored(reader: string, ask: Wanted): { parts: Statement; completeness: Statement<Completeness> } {
    return {
      parts: sql`
        complete as materialized (
          select seq as floor from feed_entries where reader_id = ${reader} and floor),
        ${unwritten},
        stored as materialized (
          select ${columns} from feed_entries e join activities a on a.seq = e.seq join medias m on m.id = a.media_id
          where e.reader_id = ${reader} and e.seq >= (select floor from complete) and ${ask.bounds(sql`e.seq`)}
            and ${ask.isOfType} and ${inTimelineOf(reader, repostsInEntries)}
          order by e.seq desc limit ${ask.rows})`,
      completeness: sql<Completeness>`(select floor from complete) as floor,
        exists (select from feed_sources where reader_id = ${reader} and not is_fed)
        or exists (select from unwritten u join feed_sources f on f.reader_id = ${reader} and f.actor_id = u.actor_id)
          as "isMixed"`,
    };
  }

  /** On a first page: the reader is there. Where nothing is written, `gather` says so. */
  async note(reader: string, { isFirst }: Wanted, { floor }: Completeness): Promise<void> {
    if (isFirst && floor !== null) await this.readers.note(reader);
  }

  /** @param places those of `stored` @returns null where there is more than these */
  page<P extends { seq: number }>(ask: Wanted, { floor, isMixed }: Completeness, places: P[]): Paged<P> | null {
    if (floor === null || ask.below <= Number(floor) || isMixed) return null;
    const rest = Number(floor) > ask.above ? Number(floor) : null;
    const next = places.length > ask.limit ? places[ask.limit - 1]!.seq : rest;
    return { places, next, reposts: floor === '0' ? repostsInEntries : repostsInSources };
  }

  /** Where what is stored is not all. */
  gather(reader: string, ask: Wanted, { floor }: Completeness): Promise<Places> {
    const isBelow = floor === null || ask.below <= Number(floor);
    const more = ask.isFirst && floor === null ? sql`, ${asking(reader)}` : sql``;
    return this.inWindows(reader, ask, (at) => (isBelow ? pulled : merged)(reader, at), more);
  }

  /** @param more parts for the `with` of the first statement */
  private async inWindows(
    reader: string,
    ask: Wanted,
    streams: (ask: Wanted) => Statement,
    more: Statement,
  ): Promise<Places> {
    const places: Place[] = [];
    let next: number | null = null;
    let at = ask;
    for (let window = 0; window < maxWindows; window++) {
      const [found] = await sql<Found>`
        with recursive ${streams(at)},
        page as materialized (
          select x.* from (
            select distinct seq from candidates where seq >= (select floor from horizon) order by seq desc) c
          cross join lateral (
            select ${columns} from activities a join medias m on m.id = a.media_id
            where a.seq = c.seq and ${at.isOfType} and ${inTimelineOf(reader, repostsInSources)} limit 1) x
          order by c.seq desc limit ${at.rows})
        ${window === 0 ? more : sql``}
        select ${asPlaces('page')}, (select floor from horizon) as floor`.all(this.em);
      places.push(...found!.places);
      if (places.length > ask.limit) {
        next = places[ask.limit - 1]!.seq;
        break;
      }
      const floor = Number(found!.floor);
      next = floor > ask.above + 1 ? floor : null;
      if (next === null || next === at.below) break;
      at = ask.from(next);
    }
    return { places, next, reposts: repostsInSources };
  }
}

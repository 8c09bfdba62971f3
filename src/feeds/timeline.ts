import { sql, type Statement } from '../platform/database/sql.js';
import { inTimelineOf } from '../visibility/feeds.js';
import type { Wanted } from './feed-page.js';
import { noting } from './readers.js';

/**
 * `complete`: the lowest number from which on the materialized timeline lacks nothing but `pulled`. `stored`: its
 * activities. `unwritten`: actors with activities that are not written into timelines, by one step in an index for each.
 */
const parts = (reader: string, { bounds, rows }: Wanted, shown: Statement<boolean>) => sql`
  complete as materialized (
    select seq as floor from feed_entries where reader_id = ${reader} and floor),
  stored as materialized (
    select ${found} from feed_entries e join activities a on a.seq = e.seq join medias m on m.id = a.media_id
    where e.reader_id = ${reader} and e.seq >= (select floor from complete) and ${bounds(sql`e.seq`)} and ${shown}
    order by e.seq desc limit ${rows}),
  unwritten (actor_id) as (
    (select actor_id from activities where fanout <> 'done' and exists (select from complete) order by actor_id limit 1)
    union all
    select (select x.actor_id from activities x where x.fanout <> 'done' and x.actor_id > u.actor_id order by x.actor_id limit 1)
    from unwritten u where u.actor_id is not null)`;
const found = sql`a.media_id, a.actor_id, a.verb, a.day, a.seq, a.created_at`;

/**
 * The activities `a` of a page of a reader's timeline. `inTimelineOf` decides; this only finds candidates, in index order:
 * - `stored`: the materialized timeline, as far down as it is complete;
 * - `pulled`: activities of sources that are not materialized yet, or never are (`fanout`), and of new sources (`is_fed`);
 *   of all sources, if nothing is materialized, or not far enough down.
 * A superfluous candidate costs time, but never changes the answer.
 * @param isHead narrows it further: a condition on `a`
 */
export function timelineOf(reader: string, ask: Wanted, isHead?: Statement<boolean>): Statement {
  const { bounds, above, rows, isOfType } = ask;
  const shown = sql<boolean>`${isOfType} and ${inTimelineOf(reader)} and ${isHead ?? sql`true`}`;
  return sql`
    with recursive ${parts(reader, ask, shown)},
    sources as (
      select s.actor_id, s.from_seq, s.to_seq from feed_sources s
        where s.reader_id = ${reader} and not s.is_fed and exists (select from complete)
      union
      select s.actor_id, s.from_seq, s.to_seq from unwritten u
        join feed_sources s on s.reader_id = ${reader} and s.actor_id = u.actor_id
      union
      select s.actor_id, s.from_seq, s.to_seq from feed_sources s where s.reader_id = ${reader} and (
        not exists (select from complete)
        or ((select floor from complete) > ${above}::bigint and (select count(*) from stored) < ${rows}))),
    pulled as (
      select x.* from sources s cross join lateral (
        select ${found} from activities a join medias m on m.id = a.media_id
        where a.actor_id = s.actor_id and a.seq >= s.from_seq and a.seq <= coalesce(s.to_seq, a.seq)
          and ${bounds(sql`a.seq`)} and ${shown}
        order by a.seq desc limit ${rows}) x)
    select * from stored union select * from pulled order by seq desc limit ${rows}`;
}

export interface Stored {
  /** The latest first, one more than a page. */
  places: { mediaId: string; seq: number; verb: 'post' | 'repost'; at: string }[];
  /** `timelineOf` would find the same. */
  isWhole: boolean;
}

/**
 * The materialized part alone, and whether there is another one: usually there is none, and this takes a third of the
 * time. One row. Notes on the first page that the reader was here.
 */
export function storedOf(reader: string, ask: Wanted, isFirstPage: boolean): Statement<Stored> {
  return sql<Stored>`
    with recursive ${parts(reader, ask, sql<boolean>`${ask.isOfType} and ${inTimelineOf(reader)}`)}
    ${isFirstPage ? sql`, ${noting(reader)}` : sql``}
    select coalesce(json_agg(json_build_object('mediaId', s.media_id, 'seq', s.seq, 'verb', s.verb, 'at', s.created_at)
        order by s.seq desc), '[]') as places,
      coalesce((select floor from complete) <= ${ask.above}::bigint or count(*) >= ${ask.rows}, false)
        and exists (select from complete)
        and not exists (select from feed_sources where reader_id = ${reader} and not is_fed)
        and not exists (select from unwritten u join feed_sources f on f.reader_id = ${reader} and f.actor_id = u.actor_id)
        as "isWhole"
    from stored s`;
}

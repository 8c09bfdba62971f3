import { sql, type Statement } from '../platform/database/sql.js';
import { inTimelineOf } from '../visibility/feeds.js';
import type { Wanted } from './feed-page.js';

/**
 * The activities `a` of a page of a reader's timeline. `inTimelineOf` decides; this only finds candidates, in index order:
 * - `stored`: the entries written in advance, as far down as they are complete;
 * - `pulled`: of sources whose activities are not written yet or never are (`fanout`), or that are new (`is_fed`); and of
 *   all sources where there are no entries, or not as far down.
 * A candidate too many costs time, never the answer.
 * @param isHead narrows it further, as a condition on `a`
 */
export function timelineOf(reader: string, { bounds, above, rows, isOfType }: Wanted, isHead?: Statement<boolean>) {
  const found = sql`a.media_id, a.actor_id, a.verb, a.day, a.seq, a.created_at`;
  const shown = sql<boolean>`${isOfType} and ${inTimelineOf(reader)} and ${isHead ?? sql`true`}`;
  return sql`
    with recursive complete as materialized (
      select seq as floor from feed_entries where reader_id = ${reader} and floor),
    stored as materialized (
      select ${found} from feed_entries e join activities a on a.seq = e.seq join medias m on m.id = a.media_id
      where e.reader_id = ${reader} and e.seq >= (select floor from complete) and ${bounds(sql`e.seq`)} and ${shown}
      order by e.seq desc limit ${rows}),
    unwritten (actor_id) as (
      (select actor_id from activities where fanout <> 'done' and exists (select from complete) order by actor_id limit 1)
      union all
      select (select x.actor_id from activities x where x.fanout <> 'done' and x.actor_id > u.actor_id order by x.actor_id limit 1)
      from unwritten u where u.actor_id is not null),
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

import { sql, type Statement } from '../platform/database/sql.js';
import type { Wanted } from './feed-page.js';

/** Of one source, in one statement; all together not many more than this, if there are few sources. */
const perSource = sql`greatest(30, least(1000, 20000 / greatest(1, (select count(*) from sources))))`;

/**
 * The latest numbers of each of `sources`, as `candidates`, and as `horizon` the number above which they are all there are:
 * a source of which there may be more ends it. Of an index alone, so that ten thousand sources take some 100 ms.
 */
const latestOf = ({ bounds }: Wanted, more: Statement) => sql`
  latest as materialized (
    select s.stream, x.seq from sources s cross join lateral (
      select a.seq from activities a
      where a.actor_id = s.stream and a.seq >= s.from_seq and a.seq <= coalesce(s.to_seq, a.seq) and ${bounds(sql`a.seq`)}
      order by a.seq desc limit ${perSource}) x
    union all ${more}),
  ends as (select stream, min(seq) as seq, count(*) as count from latest group by stream)`;

/** Of a timeline that is not materialized, or further down than it is: all sources. */
export const pulled = (reader: string, ask: Wanted): Statement => sql`
  sources as materialized (
    select actor_id as stream, from_seq, to_seq from feed_sources where reader_id = ${reader}),
  ${latestOf(ask, sql`select null::uuid, 0 where false`)},
  horizon as (select coalesce(max(seq), 0) as floor from ends where count >= (select ${perSource})),
  candidates as (select seq from latest)`;

/** Actors with activities that are in no timeline yet, or never will be: one step in an index for each. Needs `complete`. */
export const unwritten = sql`
  unwritten (actor_id) as (
    (select actor_id from activities where fanout <> 'done' and exists (select from complete) order by actor_id limit 1)
    union all
    select (select x.actor_id from activities x where x.fanout <> 'done' and x.actor_id > u.actor_id order by x.actor_id limit 1)
    from unwritten u where u.actor_id is not null)`;

/**
 * Down to its floor: what is stored, new sources, and what is `unwritten`. If the timeline was swept since it was found
 * complete, there is nothing above the horizon, and the page has the cursor it was asked with.
 */
export const merged = (reader: string, ask: Wanted): Statement => sql`
  complete as materialized (
    select coalesce((select seq from feed_entries where reader_id = ${reader} and floor), ${ask.below}::bigint) as floor),
  ${unwritten},
  sources as materialized (
    select actor_id as stream, from_seq, to_seq from feed_sources where reader_id = ${reader} and not is_fed),
  written as materialized (
    select e.seq from feed_entries e where e.reader_id = ${reader} and e.seq >= (select floor from complete) and e.seq > 0
      and ${ask.bounds(sql`e.seq`)} order by e.seq desc limit 1000),
  ${latestOf(
    ask,
    sql`
    select s.actor_id, x.seq from unwritten u
    join feed_sources s on s.reader_id = ${reader} and s.actor_id = u.actor_id
    cross join lateral (
      select a.seq from activities a
      where a.actor_id = s.actor_id and a.fanout <> 'done' and a.seq >= s.from_seq and a.seq <= coalesce(s.to_seq, a.seq)
        and ${ask.bounds(sql`a.seq`)}
      order by a.seq desc limit 30) x`,
  )},
  horizon as (
    select greatest((select floor from complete),
      (select max(seq) from ends where count >= 30),
      (select min(seq) from written having count(*) = 1000)) as floor),
  candidates as (select seq from latest union all select seq from written)`;

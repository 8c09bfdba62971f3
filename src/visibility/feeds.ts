import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey, missingByKey } from '../platform/database/exists-by-key.js';
import { isActive } from './accounts.js';
import { listedFor } from './medias.js';
import { notBlocked, notMuted, type ViewerId } from './relations.js';

/** With more reposts than this, each source is checked for one instead. */
const many = sql.raw('200');

/** The activity `a` lies in the range of the source `s`. */
const isInSource = (a: string, s: string): Statement<boolean> => sql<boolean>`(
  ${sql.ident(a, 'seq')} >= ${sql.ident(s, 'from_seq')}
  and (${sql.ident(s, 'to_seq')} is null or ${sql.ident(a, 'seq')} <= ${sql.ident(s, 'to_seq')}))`;

/** The actor of `a` is not hidden from the reader, nor muted. */
const isMet = (reader: string, a: string): Statement<boolean> => sql<boolean>`(
  ${existsByKey(sql`from users o where o.id = ${sql.ident(a, 'actor_id')} and ${isActive('o')}`)}
  and ${notBlocked(reader, `${a}.actor_id`)} and ${notMuted(reader, `${a}.actor_id`)})`;

/** Finds reposts of the media `m` that a reader's timeline may have, as rows `actor_id, seq`. */
export type Reposts = (reader: string, m?: string) => Statement;

/** In the materialized timeline: complete above its floor. */
export const repostsInEntries: Reposts = (reader, m = 'm') => sql`
  select r.actor_id, r.seq from feed_entries e
  join activities r on r.seq = e.seq and r.verb = 'repost'
  join feed_sources s on s.reader_id = ${reader} and s.actor_id = r.actor_id
  where ${sql.ident(m, 'reposts_count')} > 0 and e.reader_id = ${reader} and e.media_id = ${sql.ident(m, 'id')}
    and ${isInSource('r', 's')} and ${isMet(reader, 'r')}`;

/** Anywhere. It goes through the reposts, or through the sources, whichever are fewer. */
export const repostsInSources: Reposts = (reader, m = 'm') => sql`
  select r.actor_id, r.seq from activities r join feed_sources s on s.reader_id = ${reader} and s.actor_id = r.actor_id
  where ${sql.ident(m, 'reposts_count')} between 1 and ${many} and r.media_id = ${sql.ident(m, 'id')} and r.verb = 'repost'
    and ${isInSource('r', 's')} and ${isMet(reader, 'r')}
  union all
  select r.actor_id, r.seq from feed_sources s cross join lateral (
    select r.actor_id, r.seq from activities r
    where r.media_id = ${sql.ident(m, 'id')} and r.actor_id = s.actor_id and r.verb = 'repost' limit 1) r
  where ${sql.ident(m, 'reposts_count')} > ${many} and s.reader_id = ${reader}
    and ${isInSource('r', 's')} and ${isMet(reader, 'r')}`;

/**
 * THE rule for timelines: activities `a` of medias `m` within a source, if the media is listed for the reader and the actor
 * is not hidden; of each media only the latest activity.
 */
export const inTimelineOf = (reader: string, reposts: Reposts, a = 'a', m = 'm'): Statement<boolean> => sql<boolean>`(
  ${existsByKey(sql`from feed_sources s where s.reader_id = ${reader} and s.actor_id = ${sql.ident(a, 'actor_id')}
    and ${isInSource(a, 's')}`)}
  and ${listedFor(reader, false, m)}
  and (${sql.ident(a, 'verb')} = 'post' or ${isMet(reader, a)} and ${missingByKey(sql`from activities p
    join feed_sources s on s.reader_id = ${reader} and s.actor_id = p.actor_id and ${isInSource('p', 's')}
    where p.media_id = ${sql.ident(m, 'id')} and p.actor_id = ${sql.ident(m, 'owner_id')} and p.verb = 'post'
      and p.seq > ${sql.ident(a, 'seq')}`)})
  and ${missingByKey(sql`from (${reposts(reader, m)}) later where later.seq > ${sql.ident(a, 'seq')} limit 1`)})`;

/** The rule for the feed of one user, if the viewer may read it; a post that the user reposted appears as a repost. */
export const inFeedOfUser = (viewer: ViewerId): Statement<boolean> => sql<boolean>`(
  case when a.actor_id = m.owner_id then ${listedFor(viewer, true)} else ${listedFor(viewer, false)} end
  and ${notBlocked(viewer, 'a.actor_id')}
  and (a.verb = 'repost' or ${missingByKey(sql`from activities r
    where r.media_id = a.media_id and r.actor_id = a.actor_id and r.verb = 'repost'`)}))`;

import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey, missingByKey } from '../platform/database/exists-by-key.js';
import { isActive } from './accounts.js';
import { listedFor } from './medias.js';
import { notBlocked, notMuted, type ViewerId } from './relations.js';

/** More reposts of a media are not gone through: then it is asked of each source whether it is among them. */
const many = sql.raw('200');

/** The activity `a` lies in what one of the reader's sources brings. @param a the alias of `activities` */
const isInSource = (a: string, s: string): Statement<boolean> => sql<boolean>`(
  ${sql.ident(a, 'seq')} >= ${sql.ident(s, 'from_seq')}
  and (${sql.ident(s, 'to_seq')} is null or ${sql.ident(a, 'seq')} <= ${sql.ident(s, 'to_seq')}))`;

/** Whoever reposted may be met by the reader. */
const isMet = (reader: string, a: string): Statement<boolean> => sql<boolean>`(
  ${existsByKey(sql`from users o where o.id = ${sql.ident(a, 'actor_id')} and ${isActive('o')}`)}
  and ${notBlocked(reader, `${a}.actor_id`)} and ${notMuted(reader, `${a}.actor_id`)})`;

/**
 * Reposts `r` of the media `m` that the reader's timeline may have, as rows `actor_id, seq`. Of a media that very many
 * reposted, the sources are gone through; of any other, the reposts: never more than the fewer of the two.
 */
export const repostsFor = (reader: string, m = 'm'): Statement => sql`
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
 * THE rule of what a timeline has: activities `a` of medias `m` that a source brings, of medias the reader meets in lists,
 * by people the reader meets; of one media, the latest.
 */
export const inTimelineOf = (reader: string, a = 'a', m = 'm'): Statement<boolean> => sql<boolean>`(
  ${listedFor(reader, false, m)} and (${sql.ident(a, 'verb')} = 'post' or ${isMet(reader, a)})
  and ${existsByKey(sql`from feed_sources s where s.reader_id = ${reader} and s.actor_id = ${sql.ident(a, 'actor_id')}
    and ${isInSource(a, 's')}`)}
  and ${missingByKey(sql`from (${repostsFor(reader, m)}) later where later.seq > ${sql.ident(a, 'seq')} limit 1`)})`;

/** The same of the feed of one user, of whom the viewer may see what they do; a post that they reposted is there as that. */
export const inFeedOfUser = (viewer: ViewerId): Statement<boolean> => sql<boolean>`(
  case when a.actor_id = m.owner_id then ${listedFor(viewer, true)} else ${listedFor(viewer, false)} end
  and (a.verb = 'repost' or ${missingByKey(sql`from activities r
    where r.media_id = a.media_id and r.actor_id = a.actor_id and r.verb = 'repost'`)}))`;

import type { EntityManager } from '@mikro-orm/postgresql';
import { sql, type Statement } from '../database/sql.js';
import { Problem } from '../http/problems.js';

/**
 * How many of a thing can be added, on one page; shown by `GET users/me/limits`. Everything that clients can add has
 * its number here, and the code that adds it calls `refuseBeyond`.
 */
export const amounts = {
  apiKeys: { max: 50, of: 'an account', what: 'API keys' },
  /** Beyond it, the least recently used session ends: signing in must always be possible. */
  sessions: { max: 100, of: 'an account', what: 'sessions' },
  openUploads: { max: 200, of: 'an account', what: 'open uploads' },
  medias: { max: 100_000, of: 'an account', what: 'medias' },
  playlists: { max: 1_000, of: 'an account', what: 'playlists' },
  followings: { max: 10_000, of: 'an account', what: 'followed users and follow requests' },
  kept: { max: 10_000, of: 'an account', what: 'unfollowed users kept in the timeline' },
  blocks: { max: 10_000, of: 'an account', what: 'blocked users' },
  mutes: { max: 10_000, of: 'an account', what: 'muted users' },
  saves: { max: 20_000, of: 'an account', what: 'saved medias' },
  reposts: { max: 20_000, of: 'an account', what: 'reposts' },
  /** Beyond it, the oldest one ends: a browser forgets its own without saying so. */
  pushes: { max: 20, of: 'an account', what: 'browsers that are pushed to' },
  links: { max: 5, of: 'a profile', what: 'links' },
  files: { max: 10, of: 'a media', what: 'files' },
  tags: { max: 30, of: 'a media', what: 'tags' },
  subtitles: { max: 32, of: 'a media', what: 'subtitle tracks' },
  commentsOfOne: { max: 1_000, of: 'a media', what: 'comments of one author' },
  // A deleted comment with replies stays, without its author, so `commentsOfOne` does not count it.
  commentsAbove: { max: 1_000, of: 'a comment', what: 'comments above it' },
  strangerMails: { max: 50, of: 'an account', what: 'mails a day to users who do not follow it' },
  strangerPushes: { max: 50, of: 'an account', what: 'pushes a day to users who do not follow it' },
  hourlyPushes: { max: 60, of: 'an account', what: 'notifications pushed in an hour; others are only listed' },
  mentions: { max: 50, of: 'a text', what: 'notified mentions' },
  items: { max: 10_000, of: 'a playlist', what: 'medias' },
  /** Reading a chat passes over them. */
  hiddenMessages: {
    max: 10_000,
    of: 'a chat',
    what: 'messages that you deleted for yourself alone',
    advice: 'Delete the whole chat for yourself instead.',
  },
  watchedMedias: { max: 50, of: 'a socket', what: 'watched medias' },
  watchedUsers: { max: 200, of: 'a socket', what: 'watched users' },
} as const satisfies Record<string, Amount>;

interface Amount {
  max: number;
  of: string;
  what: string;
  /** What to do at the maximum, where nothing can be removed. */
  advice?: string;
}

export type AmountName = keyof typeof amounts;

/** More than one user's requests in progress at once. */
const margin = 200;

/**
 * Refuses to exceed a maximum. To be called after the row was added, in the same transaction, so that adding something
 * again is never refused. Near the maximum it takes a lock per owner, so that parallel requests cannot exceed it
 * together.
 * @param owner id of what the row was added to
 * @param rows `from … where …` of all rows that count
 * @throws {Problem} `limit_reached`
 */
export async function refuseBeyond(em: EntityManager, name: AmountName, owner: string, rows: Statement): Promise<void> {
  const { max, of, what, advice = 'Remove one to add another.' }: Amount = amounts[name];
  const count = async () => {
    const [found] = await sql<{ count: number }>`
      select count(*)::int as count from (select 1 ${rows} limit ${max + 1}) as counted`.all(em);
    return found!.count;
  };
  if ((await count()) <= max - margin) return;
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${name}:${owner}`}, 0))`.all(em);
  if ((await count()) <= max) return;
  const Of = of[0]!.toUpperCase() + of.slice(1);
  throw new Problem('limit_reached', `${Of} may have at most ${max} ${what}. ${advice}`);
}

import { sql, type Statement } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

/** Whether an account is active, and whether everybody may also meet what it publishes: whether it is not private. */
export interface AccountState {
  isCounted: boolean;
  isOpen: boolean;
}

/** Rows by which an account moves counters of others. Each has an id, and an index in the order of ids. */
export interface CountedRows {
  table: Statement;
  flag: Statement;
  /** The account's rows, as a condition on `t`. */
  of: (userId: string) => Statement<boolean>;
  /** The flag's correct value, where it is not `isCounted`. */
  should?: (state: AccountState) => Statement<boolean>;
  /** Rows to lock before, in this order (docs/decisions/0007). `page` is `from … where …` of the rows `t`. */
  locks: (page: Statement) => Statement[];
}

const lock = (table: string, ids: Statement) =>
  sql`select 1 from ${sql.ident(table)} where id in (${ids}) order by id for no key update`;
const medias = (page: Statement) => lock('medias', sql`select t.media_id ${page}`);
const isCounted = sql.raw('is_counted');
const ofUser = (userId: string) => sql<boolean>`t.user_id = ${userId}`;

/**
 * The account's follows in one direction; also requests, which may be accepted at any time. Each condition matches a
 * partial index.
 */
const follows = (own: string, other: string, state: Statement): CountedRows => ({
  table: sql.raw('follows'),
  flag: isCounted,
  of: (userId) => sql<boolean>`${sql.ident('t', own)} = ${userId} and t.accepted_at ${state}`,
  should: ({ isCounted: ownIsCounted }) =>
    sql<boolean>`(${ownIsCounted} and (select ${isActive('o')} from users o where o.id = ${sql.ident('t', other)}))`,
  locks: (page) => [lock('users', sql`select unnest(array[t.follower_id, t.followee_id]) ${page}`)],
});

/** What the account published: whether everybody may meet it there. */
const published = (table: string, locks: CountedRows['locks']): CountedRows => ({
  table: sql.ident(table),
  flag: sql.raw('owner_is_open'),
  of: (userId) => sql<boolean>`t.owner_id = ${userId}`,
  should: ({ isOpen }) => sql<boolean>`${isOpen}`,
  locks,
});
const mediasAndTags: CountedRows['locks'] = (page) => [
  lock('medias', sql`select t.id ${page}`),
  lock('tags', sql`select mt.tag_id from media_tags mt where mt.media_id in (select t.id ${page})`),
];

export const countedRows: readonly CountedRows[] = [
  follows('follower_id', 'followee_id', sql`is not null`),
  follows('followee_id', 'follower_id', sql`is not null`),
  follows('follower_id', 'followee_id', sql`is null`),
  follows('followee_id', 'follower_id', sql`is null`),
  {
    table: sql.raw('reactions'),
    flag: isCounted,
    of: ofUser,
    locks: (page) => [medias(page)],
  },
  { table: sql.raw('reposts'), flag: isCounted, of: ofUser, locks: (page) => [medias(page)] },
  {
    table: sql.raw('comment_reactions'),
    flag: isCounted,
    of: ofUser,
    locks: (page) => [
      lock('medias', sql`select c.media_id from comments c where c.id in (select t.comment_id ${page})`),
      lock('comments', sql`select t.comment_id ${page}`),
    ],
  },
  {
    table: sql.raw('comments'),
    flag: isCounted,
    of: (userId) => sql<boolean>`t.author_id = ${userId}`,
    locks: (page) => [medias(page), lock('comments', sql`select unnest(array[t.id, t.parent_id]) ${page}`)],
  },
  {
    table: sql.raw('medias'),
    flag: sql.raw('owner_is_counted'),
    of: (userId) => sql<boolean>`t.owner_id = ${userId}`,
    locks: mediasAndTags,
  },
  published('medias', mediasAndTags),
  published('playlists', (page) => [lock('playlists', sql`select t.id ${page}`)]),
  {
    table: sql.raw('playlist_items'),
    flag: isCounted,
    of: (userId) => sql<boolean>`t.owner_id = ${userId}`,
    locks: (page) => [lock('playlists', sql`select t.playlist_id ${page}`)],
  },
];

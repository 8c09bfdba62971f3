import { dislike, like } from '../reactions/reactions.schemas.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { reachOf } from '../visibility/reach.js';
import type { ViewerId } from '../visibility/relations.js';

/** By field name: where the count is stored, and how much of it is by users hidden from the reader. */
type Counts = Record<string, readonly [stored: Statement, hidden?: Statement]>;

/**
 * Limit in each direction, since every count of a page may look up all of them. Beyond it, the latest blocks of the reader
 * are used, and an arbitrary part of those who block the reader.
 */
const maxBlocks = sql.raw(200);

/** Users whom the reader blocks, or who block the reader: one array for the whole statement, or null. */
const hiddenUsers = (viewer: string) => sql`(select array_agg(b.id) from (
  (select blocked_id as id from blocks where blocker_id = ${viewer} order by id desc limit ${maxBlocks})
  union (select blocker_id from blocks where blocked_id = ${viewer} limit ${maxBlocks})) b)`;

/**
 * Counts that match the lists beside them, as a JSON object: rows of users hidden by a block are subtracted. Without
 * blocks, the stored counts.
 * @param from relations that count the hidden rows of one item; `hidden.ids` is the array of users
 */
export function visibleCounts(counts: Counts, from: Statement): (viewer: ViewerId) => Statement {
  const object = (valueOf: (count: Counts[string]) => Statement) =>
    sql`json_build_object(${sql.join(Object.entries(counts).map(([name, count]) => sql`${sql.word(name)}, ${valueOf(count)}`))})`;
  const stored = object(([all]) => all);
  const met = object(([all, hidden]) => (hidden ? sql`${all} - ${hidden}` : all));
  return (viewer) =>
    viewer === null
      ? stored
      : sql`case when ${hiddenUsers(viewer)} is null then ${stored}
          else (select ${met} from (select ${hiddenUsers(viewer)} as ids offset 0) hidden, ${from}) end`;
}

/** Of an item with more rows, those of each hidden user are looked up; of others, all rows may be read. */
const fewRows = sql.raw(1000);
/** So many are subtracted at most: a hidden user may have written a hundred thousand comments. */
const maxHidden = sql.raw(1000);

interface Hidden {
  table: 'reactions' | 'comment_reactions' | 'reposts' | 'comments' | 'follows' | 'media_tags' | 'playlist_items';
  /** Columns of the item and of the user. An index begins with both. */
  key: string;
  user: string;
  /** Alias of the item, and the stored count of all its rows. */
  row: string;
  stored: Statement;
  /** Which rows are counted, of `y`. */
  isCounted?: Statement<boolean>;
}

/**
 * Rows of hidden users. PostgreSQL, which expects an average item, would read all rows of one that a million users reacted
 * to. The order, which a range keeps from being dropped as constant, tells it which index to look in.
 */
const rowsOfHidden = ({ table, key, user, row, stored, isCounted = sql<boolean>`y.is_counted` }: Hidden): Statement => {
  const by = sql.ident('y', user);
  const rows = sql`select y.* from ${sql.ident(table)} y where ${sql.ident('y', key)} = ${sql.ident(row, 'id')} and ${isCounted}`;
  return sql`(
    select * from (
      ${rows} and ${by} = any(hidden.ids) and ${stored} between 1 and ${fewRows}
      union all select y.* from unnest(hidden.ids) h (id)
        cross join lateral (${rows} and ${by} between h.id and h.id order by ${by} limit ${maxHidden}) y
        where ${stored} > ${fewRows}) y
    limit ${maxHidden})`;
};

/** The same, as a relation with their `number`. */
export const hiddenRows = (alias: string, hidden: Hidden): Statement =>
  sql`lateral (select count(*) as number from ${rowsOfHidden(hidden)} y) ${sql.ident(alias)}`;

/**
 * Reactions of hidden users, as relation `r`.
 * @param row alias of the item
 * @param key its column in the table
 */
export const hiddenReactions = (row: string, table: 'reactions' | 'comment_reactions', key: string): Statement =>
  sql`lateral (select count(*) as number, count(*) filter (where y.emoji = ${like}) as likes,
    count(*) filter (where y.emoji = ${dislike}) as dislikes
    from ${rowsOfHidden({ table, key, user: 'user_id', row, stored: sql.ident(row, 'reactions_count') })} y) r`;

/** @param row alias of the item reacted to */
export const reactionCounts = (row: string): Counts => ({
  likes: [sql.ident(row, 'likes_count'), sql`r.likes`],
  dislikes: [sql.ident(row, 'dislikes_count'), sql`r.dislikes`],
  reactions: [sql.ident(row, 'reactions_count'), sql`r.number`],
});

/** Counts of a tag `t`. `+ 0`: another index has the tag and the reach, but not the owner. */
export const tagCounts = visibleCounts(
  { medias: [sql`t.medias_count`, sql`x.number`] },
  hiddenRows('x', {
    ...{ table: 'media_tags', key: 'tag_id', user: 'owner_id', row: 't', stored: sql`t.medias_count` },
    isCounted: sql<boolean>`y.reach + 0 = ${reachOf.all}`,
  }),
);

/** Counts of a media `m`. Only the number of views and saves is shown, never by whom. */
export const mediaCounts = visibleCounts(
  {
    views: [sql`m.views_count`],
    ...reactionCounts('m'),
    comments: [sql`m.comments_count`, sql`c.number`],
    reposts: [sql`m.reposts_count`, sql`p.number`],
    saves: [sql`m.saves_count`],
  },
  sql.join([
    hiddenReactions('m', 'reactions', 'media_id'),
    hiddenRows('c', { table: 'comments', key: 'media_id', user: 'author_id', row: 'm', stored: sql`m.comments_count` }),
    hiddenRows('p', { table: 'reposts', key: 'media_id', user: 'user_id', row: 'm', stored: sql`m.reposts_count` }),
  ]),
);

/** Counts of a comment `c`. */
export const commentCounts = visibleCounts(
  { ...reactionCounts('c'), replies: [sql`c.replies_count`, sql`x.number`] },
  sql.join([
    hiddenReactions('c', 'comment_reactions', 'comment_id'),
    hiddenRows('x', { table: 'comments', key: 'parent_id', user: 'author_id', row: 'c', stored: sql`c.replies_count` }),
  ]),
);

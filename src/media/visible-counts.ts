import { dislike, like } from '../reactions/reactions.schemas.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { ViewerId } from '../visibility/relations.js';

/** By field name: where the count is stored, and how much of it is by users hidden from the reader. */
type Counts = Record<string, readonly [stored: Statement, hidden?: Statement]>;

/**
 * Limit in each direction, since every count of a page looks up all of them. Beyond it, the latest blocks of the reader
 * are used, and an arbitrary part of those who block the reader.
 */
const maxBlocks = sql.raw(1000);

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

/**
 * Hidden rows, as a relation with their `number`; skipped where the stored count is 0.
 * @param stored the count of all rows
 * @param rows `from … where …`
 */
export const hiddenRows = (alias: string, stored: Statement, rows: Statement): Statement =>
  sql`lateral (select count(*) as number ${rows} and ${stored} > 0) ${sql.ident(alias)}`;

/** Of an item with more rows, each hidden user's is looked up; of others, all rows may be read. */
const fewRows = sql.raw(1000);

/**
 * Rows of hidden users in a table that has at most one of a user for each item. PostgreSQL, which expects an average
 * item, would read all rows of one that a million users reacted to. The order names the index that it is to look up in.
 * @param key the column of the item
 * @param row alias of the item
 * @param stored the count of all its rows
 */
const rowsOfHidden = (table: string, key: string, row: string, stored: Statement): Statement => {
  const rows = sql`select y.* from ${sql.ident(table)} y where ${sql.ident('y', key)} = ${sql.ident(row, 'id')}`;
  return sql`(${rows} and y.user_id = any(hidden.ids) and y.is_counted and ${stored} between 1 and ${fewRows}
    union all select y.* from unnest(hidden.ids) h (id)
      cross join lateral (${rows} and y.user_id >= h.id order by y.user_id limit 1) y
      where y.user_id = h.id and y.is_counted and ${stored} > ${fewRows})`;
};

/**
 * Reactions of hidden users, as relation `r`.
 * @param row alias of the item
 * @param key its column in the table
 */
export const hiddenReactions = (row: string, table: 'reactions' | 'comment_reactions', key: string): Statement =>
  sql`lateral (select count(*) as number, count(*) filter (where y.emoji = ${like}) as likes,
    count(*) filter (where y.emoji = ${dislike}) as dislikes
    from ${rowsOfHidden(table, key, row, sql.ident(row, 'reactions_count'))} y) r`;

/** @param row alias of the item reacted to */
export const reactionCounts = (row: string): Counts => ({
  likes: [sql.ident(row, 'likes_count'), sql`r.likes`],
  dislikes: [sql.ident(row, 'dislikes_count'), sql`r.dislikes`],
  reactions: [sql.ident(row, 'reactions_count'), sql`r.number`],
});

/** Counts of a tag `t`. */
export const tagCounts = visibleCounts(
  { medias: [sql`t.medias_count`, sql`x.number`] },
  hiddenRows(
    'x',
    sql`t.medias_count`,
    sql`from media_tags mt join medias x on x.id = mt.media_id
     where mt.tag_id = t.id and mt.owner_id = any(hidden.ids) and is_open(x)`,
  ),
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
    hiddenRows(
      'c',
      sql`m.comments_count`,
      sql`from comments c where c.media_id = m.id and c.author_id = any(hidden.ids) and c.is_counted`,
    ),
    sql`lateral (select count(*) as number
      from ${rowsOfHidden('reposts', 'media_id', 'm', sql`m.reposts_count`)} y) p`,
  ]),
);

/** Counts of a comment `c`. */
export const commentCounts = visibleCounts(
  { ...reactionCounts('c'), replies: [sql`c.replies_count`, sql`x.number`] },
  sql.join([
    hiddenReactions('c', 'comment_reactions', 'comment_id'),
    hiddenRows(
      'x',
      sql`c.replies_count`,
      sql`from comments x where x.parent_id = c.id and x.author_id = any(hidden.ids) and x.is_counted`,
    ),
  ]),
);

import { dislike, like } from '../reactions/reactions.schemas.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { ViewerId } from '../visibility/relations.js';

/** By the name it is shown under: where the count is stored, and how many of it are by those whom the reader does not meet. */
type Counts = Record<string, readonly [stored: Statement, unmet?: Statement]>;

/**
 * More are not looked for, either way, as each count of a page asks for all of them: who blocks more counts those blocked
 * first, who is blocked by more some of those.
 */
const maxBlocks = sql.raw(1000);

/** Whom the reader blocks, and who blocks the reader: one array for the whole statement, or null. */
const unmetBy = (viewer: string) => sql`(select array_agg(b.id) from (
  (select blocked_id as id from blocks where blocker_id = ${viewer} order by id desc limit ${maxBlocks})
  union (select blocker_id from blocks where blocked_id = ${viewer} limit ${maxBlocks})) b)`;

/**
 * Counts as the lists beside them have it: without the rows of those whom a block keeps apart from the reader, as a JSON
 * object. To who has nothing to do with blocks, what is stored.
 * @param from relations that count the unmet of one row, of whom `hidden.ids` is the array
 */
export function metCounts(counts: Counts, from: Statement): (viewer: ViewerId) => Statement {
  const object = (valueOf: (count: Counts[string]) => Statement) =>
    sql`json_build_object(${sql.join(Object.entries(counts).map(([name, count]) => sql`${sql.word(name)}, ${valueOf(count)}`))})`;
  const stored = object(([all]) => all);
  const met = object(([all, unmet]) => (unmet ? sql`${all} - ${unmet}` : all));
  return (viewer) =>
    viewer === null
      ? stored
      : sql`case when ${unmetBy(viewer)} is null then ${stored}
          else (select ${met} from (select ${unmetBy(viewer)} as ids offset 0) hidden, ${from}) end`;
}

/**
 * Rows of the unmet, as a relation with their `number`; nothing is looked for where there is nothing.
 * @param stored the count of all of them @param rows `from … where …`
 */
export const unmetRows = (alias: string, stored: Statement, rows: Statement): Statement =>
  sql`lateral (select count(*) as number ${rows} and ${stored} > 0) ${sql.ident(alias)}`;

/** What the unmet think of something, as relation `r`. @param row its alias @param key of it, in the table */
export const unmetReactions = (row: string, table: 'reactions' | 'comment_reactions', key: string): Statement =>
  sql`lateral (select count(*) as number, count(*) filter (where r.emoji = ${like}) as likes,
    count(*) filter (where r.emoji = ${dislike}) as dislikes from ${sql.ident(table)} r
    where r.${sql.ident(key)} = ${sql.ident(row, 'id')} and r.user_id = any(hidden.ids) and r.is_counted
      and ${sql.ident(row, 'reactions_count')} > 0) r`;

/** @param row the alias of what was reacted to */
export const reactionCounts = (row: string): Counts => ({
  likes: [sql.ident(row, 'likes_count'), sql`r.likes`],
  dislikes: [sql.ident(row, 'dislikes_count'), sql`r.dislikes`],
  reactions: [sql.ident(row, 'reactions_count'), sql`r.number`],
});

/** Of a tag `t`. */
export const tagCounts = metCounts(
  { medias: [sql`t.medias_count`, sql`x.number`] },
  unmetRows(
    'x',
    sql`t.medias_count`,
    sql`from media_tags mt join medias x on x.id = mt.media_id
     where mt.tag_id = t.id and mt.owner_id = any(hidden.ids) and is_counted(x)`,
  ),
);

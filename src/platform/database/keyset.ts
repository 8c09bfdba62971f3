import { z } from 'zod';
import { once } from './once.js';
import { sql, type Statement } from './sql.js';
import { decodeCursor, encodeCursor, mostItems, toPage } from '../http/page.js';

/** How a column of a sort key stands in a cursor. */
const kinds = {
  int: z.int32(),
  bigint: z.int(),
  uuid: z.uuid(),
  // No more than PostgreSQL can read: no NUL, and no year or offset beyond its own.
  text: z
    .string()
    .max(200)
    .regex(/^[^\0]*$/),
  timestamptz: z.iso.datetime({ offset: true }).regex(/^[1-9].*(?:Z|[+-](?:0\d|1[0-4]):\d\d)$/),
} as const;
export type KeyKind = keyof typeof kinds;

/** An order of rows that no two share: the last column is unique. All columns go the same way, as an index does. */
export interface Keyset {
  /** Of the list and its sort: a cursor of another one is refused. */
  name: string;
  columns: readonly (readonly [column: Statement<unknown>, kind: KeyKind])[];
  direction: 'asc' | 'desc';
}

/** A row whose select list ends with `keyOf`. */
export interface Keyed {
  key: (string | number)[];
}

/** `key`, for the select list. */
export const keyOf = ({ columns }: Keyset) =>
  sql`json_build_array(${sql.join(columns.map(([column]) => column))}) as "key"`;

export const orderOf = ({ columns, direction }: Keyset) =>
  sql.join(columns.map(([column]) => sql`${column} ${sql.raw(direction)}`));

/**
 * The rows of a page in their order, and one more. That there are never many of them stands in the text: of a parameter
 * PostgreSQL expects a tenth of all rows, finds what it planned for them too dear, and plans the statement anew each time
 * it is asked, which takes longer than the page does.
 */
export const pageOf = <R>(rows: Statement<R>, keyset: Keyset, limit: number): Statement<R> =>
  sql<R>`select * from (${rows} order by ${orderOf(keyset)} limit ${sql.raw(mostItems)} + 1) page limit ${limit + 1}`;

/** Rows after the cursor's. @param parameter that the cursor came in @throws {Problem} `validation_failed` */
export function afterCursor(keyset: Keyset, cursor: string | undefined, parameter = 'cursor'): Statement<boolean> {
  const { name, columns, direction } = keyset;
  if (cursor === undefined) return sql<boolean>`true`;
  const shape = columns.map(([, kind]) => kinds[kind]) as unknown as [z.ZodType, ...z.ZodType[]];
  const start = decodeCursor(cursor, name, z.tuple(shape), parameter);
  // How much is left is not for the planner to see: near the end it would plan anew for what is cheap anyway.
  const values = (start as (string | number)[]).map((value, i) => once(sql`${value}::${sql.raw(columns[i]![1])}`));
  const left = sql.join(columns.map(([column]) => column));
  return sql<boolean>`(${left}) ${sql.raw(direction === 'desc' ? '<' : '>')} (${sql.join(values)})`;
}

/** A page of rows of which one more than `limit` was asked for. */
export const keysetPage = <R extends Keyed, T>({ name }: Keyset, rows: R[], limit: number, toItem: (row: R) => T) =>
  toPage(rows, limit, ({ key }) => encodeCursor(name, key), toItem);

import { z } from 'zod';
import { once } from './once.js';
import { sql, type Statement } from './sql.js';
import { Timestamp } from '../http/timestamp.js';
import { decodeCursor, encodeCursor, maxPageItems, toPage } from '../http/page.js';

/** Types of sort-key columns in a cursor. */
const kinds = {
  int: z.int32(),
  bigint: z.int(),
  uuid: z.uuid(),
  // Only what PostgreSQL can read: no NUL, no year or offset out of its range.
  text: z
    .string()
    .max(200)
    .regex(/^[^\0]*$/),
  timestamptz: Timestamp,
} as const;
export type KeyKind = keyof typeof kinds;

/**
 * An order in which no two rows are equal: the last column is unique. All columns go in the same direction, as in an
 * index.
 */
export interface Keyset {
  /** Names the list and its sort: a cursor of another one is refused. */
  name: string;
  columns: readonly (readonly [column: Statement<unknown>, kind: KeyKind])[];
  direction: 'asc' | 'desc';
}

/** A row whose select list ends with `keyOf`. */
export interface Keyed {
  key: (string | number)[];
}

/** The column `key`, for the select list. */
export const keyOf = ({ columns }: Keyset) =>
  sql`json_build_array(${sql.join(columns.map(([column]) => column))}) as "key"`;

export const orderOf = ({ columns, direction }: Keyset) =>
  sql.join(columns.map(([column]) => sql`${column} ${sql.raw(direction)}`));

/**
 * The rows of a page in order, and one more. The inner limit is a constant, because PostgreSQL estimates a parameter as
 * a tenth of all rows: the generic plan looks too expensive, and it would plan the statement each time, which takes
 * longer than the page.
 */
export const pageOf = <R>(rows: Statement<R>, keyset: Keyset, limit: number): Statement<R> =>
  sql<R>`select * from (${rows} order by ${orderOf(keyset)} limit ${sql.raw(maxPageItems)} + 1) page limit ${limit + 1}`;

/**
 * Rows after the cursor's.
 * @param parameter the query parameter that held the cursor
 * @throws {Problem} `validation_failed`
 */
export function afterCursor(keyset: Keyset, cursor: string | undefined, parameter = 'cursor'): Statement<boolean> {
  const { name, columns, direction } = keyset;
  if (cursor === undefined) return sql<boolean>`true`;
  const shape = columns.map(([, kind]) => kinds[kind]) as unknown as [z.ZodType, ...z.ZodType[]];
  const start = decodeCursor(cursor, name, z.tuple(shape), parameter);
  // `once` hides the values from the planner: near the end of a list it would choose a custom plan, for a query that is
  // cheap anyway.
  const values = (start as (string | number)[]).map((value, i) => once(sql`${value}::${sql.raw(columns[i]![1])}`));
  const left = sql.join(columns.map(([column]) => column));
  return sql<boolean>`(${left}) ${sql.raw(direction === 'desc' ? '<' : '>')} (${sql.join(values)})`;
}

/** A page from rows of which one more than `limit` was requested. */
export const keysetPage = <R extends Keyed, T>({ name }: Keyset, rows: R[], limit: number, toItem: (row: R) => T) =>
  toPage(rows, limit, ({ key }) => encodeCursor(name, key), toItem);

import { sql, type Statement } from './sql.js';

/**
 * Whether a row exists, of which there is at most one: `from … where …` by a unique key. A scalar subquery, not EXISTS:
 * where PostgreSQL expects many evaluations it may turn EXISTS into a scan of the whole table, and it takes IS NULL for
 * rare.
 */
export const existsByKey = (row: Statement<unknown>) => sql<boolean>`coalesce((select true ${row}), false)`;
export const missingByKey = (row: Statement<unknown>) => sql<boolean>`coalesce((select false ${row}), true)`;

import { sql, type Statement } from './sql.js';

/**
 * Whether there is such a row, of which there is one at most: `from … where …` by a unique key. Written as a value: EXISTS
 * may become a look at all rows of the table where PostgreSQL expects to be asked often, and it takes IS NULL for rare.
 */
export const thereIs = (row: Statement<unknown>) => sql<boolean>`coalesce((select true ${row}), false)`;
export const thereIsNo = (row: Statement<unknown>) => sql<boolean>`coalesce((select false ${row}), true)`;

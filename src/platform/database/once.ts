import { sql, type Statement } from './sql.js';

/** Evaluates an expression of parameters once: a generic plan would evaluate it for every row. */
export const once = <T>(value: Statement<T>): Statement<T> => sql<T>`(select ${value})`;

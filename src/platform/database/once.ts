import { sql, type Statement } from './sql.js';

/** A function of a parameter, called once: a kept plan, which does not know the parameter, calls it for every row. */
export const once = <T>(value: Statement<T>): Statement<T> => sql<T>`(select ${value})`;

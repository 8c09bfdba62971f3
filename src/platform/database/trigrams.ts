import { sql, type Statement } from './sql.js';

/**
 * What pg_trgm can find by its index. It knows words, of letters and digits, and of a `like` only what lies between two
 * of them: three in a row at least. Whatever has less is compared with every row there is, by anybody who asks.
 */
const threeInARow = /[\p{L}\p{N}]{3}/u;
const anyWord = /[\p{L}\p{N}]/u;

/** `text like pattern`, where the index narrows it; else nothing. */
export const likeTerm = (term: string, text: Statement, pattern: Statement): Statement<boolean> =>
  threeInARow.test(term) ? sql<boolean>`${text} like ${pattern}` : sql<boolean>`false`;

/** Written alike, typing errors forgiven; nothing where the term has no word. */
export const isAlike = (term: string, wanted: Statement, text: Statement): Statement<boolean> =>
  anyWord.test(term) ? sql<boolean>`${wanted} <% ${text}` : sql<boolean>`false`;

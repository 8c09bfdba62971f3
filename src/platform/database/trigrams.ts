import { sql, type Statement } from './sql.js';

/**
 * pg_trgm indexes words of letters and digits, in trigrams: a `like` pattern needs three such characters in a row.
 * Without them every row would be compared, for anybody who asks.
 */
const threeInARow = /[\p{L}\p{N}]{3}/u;
const anyWord = /[\p{L}\p{N}]/u;

/** `text like pattern` where the index can narrow it, else false. */
export const likeTerm = (term: string, text: Statement, pattern: Statement): Statement<boolean> =>
  threeInARow.test(term) ? sql<boolean>`${text} like ${pattern}` : sql<boolean>`false`;

/** Similar text, typing errors forgiven; false for a term without letters or digits. */
export const isAlike = (term: string, wanted: Statement, text: Statement): Statement<boolean> =>
  anyWord.test(term) ? sql<boolean>`${wanted} <% ${text}` : sql<boolean>`false`;

import { sql, type Statement } from '../platform/database/sql.js';

/**
 * States of an account. `active`: it acts, and others see it. `disabled`: an operator disabled it (disabled_at); it
 * can't sign in, and nobody sees it or what it published. `closing`: its owner deleted it (deleted_at, with
 * disabled_at); it is being erased, for good. Everything that shows an account must check this.
 * @param u the alias of `users`
 */
export const isActive = (u = 'u'): Statement<boolean> => sql<boolean>`${sql.ident(u, 'disabled_at')} is null`;

/**
 * Names are case-insensitive, as in the index.
 * @param u the alias of `users`
 */
export const isNamed = (username: string, u = 'u'): Statement<boolean> =>
  sql<boolean>`lower(${sql.ident(u, 'username')}) = lower(${username})`;

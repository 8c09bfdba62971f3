import { sql, type Statement } from '../platform/database/sql.js';

/**
 * What an account can be. `active`: it acts, and others meet it. `disabled`: an operator took it out (disabled_at); it
 * can't sign in, and nobody meets it or what it published. `closing`: its owner deleted it (deleted_at, with disabled_at);
 * it is being erased, and does not come back. Others meet active accounts alone: everything that shows one asks this.
 * @param u the alias of `users`
 */
export const isActive = (u = 'u'): Statement<boolean> => sql<boolean>`${sql.ident(u, 'disabled_at')} is null`;

/** Names are one whatever their case; so says the index, too. @param u the alias of `users` */
export const isNamed = (username: string, u = 'u'): Statement<boolean> =>
  sql<boolean>`lower(${sql.ident(u, 'username')}) = lower(${username})`;

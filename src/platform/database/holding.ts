import type { EntityManager } from '@mikro-orm/postgresql';
import type { Outbox } from '../events/outbox.js';
import { sql, type Statement } from './sql.js';

/** One table, and what of it belongs to an account: it is deleted with it. Stands beside the table's entity. */
export interface Holding {
  table: string;
  /** The rows `t` that belong to an account. */
  rows: (userId: string) => Statement<boolean>;
  /** Columns that order them, in the archive of an export; null: they are not in it. */
  exportedBy: readonly string[] | null;
  /** Columns that stay out of the archive: secrets, and where things lie inside. */
  without?: string[];
  why: string;
  /** Locked before, one after the other: what moves along. `page` is `from … where … limit …` of the rows `t`. */
  locks?: (page: Statement, userId: string) => Statement[];
  /** Which rows can go yet. The account is not done before the others have gone, too. */
  when?: Statement<boolean>;
  /** Takes a page in another way than by deleting its rows. @returns how many it was */
  erase?: (erasing: Erasing) => Promise<number>;
}

/** In one transaction. */
export interface Erasing {
  em: EntityManager;
  outbox: Outbox;
  userId: string;
  limit: number;
}

/** Rows in one of whose columns the account stands. */
export const by =
  (...columns: string[]) =>
  (userId: string) =>
    sql<boolean>`${userId} in (${sql.join(columns.map((column) => sql.ident('t', column)))})`;

export const ofMedias = (userId: string) =>
  sql<boolean>`t.media_id in (select id from medias where owner_id = ${userId})`;

/** Medias before what hangs on them, as everywhere: see MediaAccess. */
export const mediasOf = (page: Statement) =>
  sql`select 1 from medias where id in (select t.media_id ${page}) order by id for no key update`;

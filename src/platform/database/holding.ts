import type { EntityManager } from '@mikro-orm/postgresql';
import type { Outbox } from '../events/outbox.js';
import { sql, type Statement } from './sql.js';

/** What of a table belongs to an account, and is deleted with it. Stands beside the table's entity. */
export interface Holding {
  table: string;
  /** Condition on the rows `t` that belong to an account. */
  rows: (userId: string) => Statement<boolean>;
  /** Columns that order the rows in an exported archive; null: they are not exported. */
  exportedBy: readonly string[] | null;
  /** Columns left out of the archive: secrets, internal locations, and what only players read. */
  without?: string[];
  why: string;
  /**
   * Statements that lock what changes along with the rows, run in this order before. `page` is `from … where … limit …`
   * of the rows `t`.
   */
  locks?: (page: Statement, userId: string) => Statement[];
  /** Which rows can be deleted yet. The account is not finished until the others are deleted, too. */
  when?: Statement<boolean>;
  /**
   * Erases a page other than by deleting its rows.
   * @returns the number of rows; `again` if only something below them is deleted yet
   */
  erase?: (erasing: Erasing) => Promise<number | 'again'>;
}

/** State of one transaction of an erasure. */
export interface Erasing {
  em: EntityManager;
  outbox: Outbox;
  userId: string;
  limit: number;
}

/** Rows with the account in one of these columns. */
export const by =
  (...columns: string[]) =>
  (userId: string) =>
    sql<boolean>`${userId} in (${sql.join(columns.map((column) => sql.ident('t', column)))})`;

export const ofMedias = (userId: string) =>
  sql<boolean>`t.media_id in (select id from medias where owner_id = ${userId})`;

/** Locks medias before the rows below them, as everywhere: see MediaAccess. */
export const mediasOf = (page: Statement) =>
  sql`select 1 from medias where id in (select t.media_id ${page}) order by id for no key update`;

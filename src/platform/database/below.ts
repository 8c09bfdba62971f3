import type { EntityManager } from '@mikro-orm/postgresql';
import { sql, type Statement } from './sql.js';

/** Rows that go with a row above them. There may be millions, more than one statement can delete in its time. */
export interface Below {
  table: string;
  /** The column with the id of the row above; an index begins with it. */
  by: string;
  /** What in turn goes with these rows, which then have an id. */
  below?: readonly Below[];
  /** Statements that lock what changes along with the rows; `page` is `from … where … limit …` of the rows `t`. */
  locks?: (page: Statement) => Statement[];
}

/** Rows of one statement, and about so many of one transaction. */
const slice = 2_000;

/**
 * Deletes what is below the given rows, so that a cascade finds next to nothing. The caller holds these rows, and nobody
 * adds anything to them any more, except what was begun before.
 * @returns whether to repeat it, in another transaction: there may be more
 */
export async function deleteBelow(
  em: EntityManager,
  below: readonly Below[],
  ids: readonly string[],
  room = { left: slice },
): Promise<boolean> {
  for (const each of below) if (ids.length && (await deletePage(em, each, ids, room))) return true;
  return false;
}

async function deletePage(em: EntityManager, of: Below, ids: readonly string[], room: { left: number }) {
  const table = sql.ident(of.table);
  const above = sql.ident('t', of.by);
  // In the order of the index: so it is taken even where statistics, which say nothing of what has just gone, are for
  // reading the whole table.
  const page = sql`from ${table} t where ${above} = any(${ids}::uuid[]) order by ${above} limit ${sql.raw(slice)}`;
  for (const lock of of.locks?.(page) ?? []) await lock.all(em);
  let which = sql`ctid in (select t.ctid ${page} for update)`;
  if (of.below) {
    const rows = await sql<{ id: string }>`select t.id ${page}`.all(em);
    const found = rows.map(({ id }) => id);
    if (await deleteBelow(em, of.below, found, room)) return true;
    which = sql`id = any(${found}::uuid[])`;
  }
  const gone = await sql`delete from ${table} where ${which} returning 1`.all(em);
  room.left -= gone.length;
  return gone.length === slice || room.left <= 0;
}

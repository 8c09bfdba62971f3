import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql, type Statement } from '../platform/database/sql.js';
import { counters, type Counters } from './counters.js';

export interface WrongCounter {
  table: string;
  id: string;
  /** What people know the row by: its url, username, name or kind. */
  name: string;
  counter: string;
  stored: number;
  counted: number;
}
interface WrongRow {
  id: string;
  name: string;
  /** By column. */
  stored: Record<string, number>;
  counted: Record<string, number>;
}

const slice = 500;
const first = '00000000-0000-0000-0000-000000000000';

/** Compares the stored counters with what they count, while the system is in use. */
@Injectable()
export class RecountService {
  constructor(private readonly em: EntityManager) {}

  /** Counter and rows are read in one statement, so a difference is an error and not a change in progress. */
  async *check(): AsyncGenerator<WrongCounter> {
    for await (const { of, rows } of this.wrong()) yield* wrongCounters(of, rows);
  }

  /**
   * Corrects wrong counters.
   * @returns the former and the present values
   */
  async *repair(): AsyncGenerator<WrongCounter> {
    for await (const { of, rows } of this.wrong()) {
      const ids = rows.map(({ id }) => id);
      const { held, repaired } = await this.repairRows(of, ids, true);
      yield* wrongCounters(of, repaired);
      // Waiting for several locks at once could deadlock others; waiting for one at a time cannot.
      for (const id of ids.filter((id) => !held.includes(id)))
        yield* wrongCounters(of, (await this.repairRows(of, [id], false)).repaired);
    }
  }

  /** All rows with a wrong counter, slice by slice. */
  private async *wrong(): AsyncGenerator<{ of: Counters; rows: WrongRow[] }> {
    for (const of of counters) {
      for (let after: string | undefined = first; after;) {
        const ids: string[] = await this.ids(
          sql<{ id: string }>`select id from ${sql.ident(of.table)} where id > ${after} order by id limit ${slice}`,
        );
        const rows = await wrongRows(of, ids).all(this.em);
        if (rows.length) yield { of, rows };
        after = ids.at(-1);
      }
    }
  }

  /**
   * Locks first, then counts in a separate statement: whoever moves the counter has either committed and is counted, or
   * waits and moves it afterwards.
   * @param onlyFree skips rows that are locked
   * @returns the rows that could be locked, and those of them that were still wrong
   */
  private repairRows(
    of: Counters,
    ids: string[],
    onlyFree: boolean,
  ): Promise<{ held: string[]; repaired: WrongRow[] }> {
    return this.em.transactional(async (em) => {
      const held = await this.ids(sql<{ id: string }>`
        select t.id from ${sql.ident(of.table)} t where t.id = any(${ids}::uuid[]) order by t.id
        for no key update of t ${onlyFree ? sql`skip locked` : sql``}`);
      return { held, repaired: await repairing(of, held).all(em) };
    });
  }

  private async ids(query: Statement<{ id: string }>): Promise<string[]> {
    return (await query.all(this.em)).map(({ id }) => id);
  }
}

/** Those of the given rows that have a wrong counter. */
function wrongRows({ table, name, counts }: Counters, ids: string[]): Statement<WrongRow> {
  const stored = Object.keys(counts).map((column) => sql`${sql.word(column)}, ${sql.ident('t', column)}`);
  const counted = Object.entries(counts).map(([column, count]) => sql`${sql.word(column)}, (${count})`);
  return sql<WrongRow>`select * from (
    select t.id, ${sql.ident('t', name)} as name, jsonb_build_object(${sql.join(stored)}) as stored,
      jsonb_build_object(${sql.join(counted)}) as counted
    from ${sql.ident(table)} t where t.id = any(${ids}::uuid[])) compared where stored <> counted order by id`;
}

function repairing(of: Counters, ids: string[]): Statement<WrongRow> {
  const columns = Object.keys(of.counts).map(
    (column) => sql`${sql.ident(column)} = (w.counted->>${sql.word(column)})::bigint`,
  );
  return sql<WrongRow>`with wrong as (${wrongRows(of, ids)})
    update ${sql.ident(of.table)} t set ${sql.join(columns)} from wrong w where w.id = t.id
    returning w.id, w.name, w.stored, w.counted`;
}

const wrongCounters = ({ table, counts }: Counters, rows: WrongRow[]): WrongCounter[] =>
  rows.flatMap(({ id, name, stored, counted }) =>
    Object.keys(counts)
      .filter((column) => stored[column] !== counted[column])
      .map((counter) => ({ table, id, name, counter, stored: stored[counter]!, counted: counted[counter]! })),
  );

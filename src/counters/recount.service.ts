import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
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
const listed = (ids: string[]) => `{${ids.join()}}`;

/** Compares the stored counters with what they count, while everything goes on. */
@Injectable()
export class RecountService {
  constructor(private readonly em: EntityManager) {}

  /** Counter and rows are looked at in one statement: what is found is wrong, and not only on its way. */
  async *check(): AsyncGenerator<WrongCounter> {
    for await (const { of, rows } of this.wrong()) yield* wrongCounters(of, rows);
  }

  /** Sets right what is wrong. @returns what it was, and is now */
  async *repair(): AsyncGenerator<WrongCounter> {
    for await (const { of, rows } of this.wrong()) {
      const ids = rows.map(({ id }) => id);
      const { held, repaired } = await this.repairRows(of, ids, true);
      yield* wrongCounters(of, repaired);
      // Who waits for several rows could make others wait for each other; for one at a time, nobody.
      for (const id of ids.filter((id) => !held.includes(id)))
        yield* wrongCounters(of, (await this.repairRows(of, [id], false)).repaired);
    }
  }

  /** Slice by slice, whatever has a wrong counter. */
  private async *wrong(): AsyncGenerator<{ of: Counters; rows: WrongRow[] }> {
    for (const of of counters) {
      for (let after: string | undefined = first; after;) {
        const ids: string[] = await this.ids(
          `select id from ${of.table} where id > ? order by id limit ${slice}`,
          after,
        );
        const rows = await this.execute(wrongRows(of), ids);
        if (rows.length) yield { of, rows };
        after = ids.at(-1);
      }
    }
  }

  /**
   * Locked first and counted then, in a statement of its own: whoever moved the counter has committed, and is counted, or
   * waits, and moves it afterwards.
   * @param onlyFree leaves out what somebody else has locked
   * @returns those that could be locked, and of them those that were still wrong
   */
  private repairRows(
    of: Counters,
    ids: string[],
    onlyFree: boolean,
  ): Promise<{ held: string[]; repaired: WrongRow[] }> {
    const lock = (table: string, where: string) =>
      `select t.id from ${table} t where ${where} order by t.id for no key update of t${onlyFree ? ' skip locked' : ''}`;
    const { table, carriedTo } = of;
    return this.em.transactional(async () => {
      const held = await this.ids(lock(table, 't.id = any(?::uuid[])'), listed(ids));
      if (!carriedTo) return { held, repaired: await this.execute(repairing(of), held) };

      const { table: above, by, sums } = carriedTo;
      const leadHere = `t.id in (select ${by} from ${table} where id = any(?::uuid[]))`;
      const owners = await this.ids(lock(above, leadHere), listed(held));
      const both = `select id from ${table} where id = any(?::uuid[]) and ${by} = any(?::uuid[])`;
      const owned = await this.ids(both, listed(held), listed(owners));
      // From a sum of what is stored the trigger comes to none below zero; what it comes to is right only in the end.
      const columns = Object.entries(sums).map(
        ([to, from]) => `${to} = (select sum(x.${from}) from ${table} x where x.${by} = t.id)`,
      );
      await this.execute(`update ${above} t set ${columns.join()} where t.id = any(?::uuid[])`, owners);
      const repaired = await this.execute(repairing(of), owned);
      await this.execute(repairing(counters.find((other) => other.table === above)!), owners);
      return { held: owned, repaired };
    });
  }

  private execute(query: string, ids: string[]): Promise<WrongRow[]> {
    return this.em.execute<WrongRow[]>(query, [listed(ids)]);
  }

  private async ids(query: string, ...values: string[]): Promise<string[]> {
    return (await this.em.execute<{ id: string }[]>(query, values)).map(({ id }) => id);
  }
}

/** Of the rows with the given ids, those with a wrong counter. */
function wrongRows({ table, name, counts }: Counters): string {
  const stored = Object.keys(counts).map((column) => `'${column}', t.${column}`);
  const counted = Object.entries(counts).map(([column, count]) => `'${column}', (${count})`);
  return `select * from (
    select t.id, t.${name} as name, jsonb_build_object(${stored.join()}) as stored, jsonb_build_object(${counted.join()}) as counted
    from ${table} t where t.id = any(?::uuid[])) compared where stored <> counted order by id`;
}

function repairing(of: Counters): string {
  const columns = Object.keys(of.counts).map((column) => `${column} = (w.counted->>'${column}')::bigint`);
  return `with wrong as (${wrongRows(of)})
    update ${of.table} t set ${columns.join()} from wrong w where w.id = t.id returning w.id, w.name, w.stored, w.counted`;
}

const wrongCounters = ({ table, counts }: Counters, rows: WrongRow[]): WrongCounter[] =>
  rows.flatMap(({ id, name, stored, counted }) =>
    Object.keys(counts)
      .filter((column) => stored[column] !== counted[column])
      .map((counter) => ({ table, id, name, counter, stored: stored[counter]!, counted: counted[counter]! })),
  );

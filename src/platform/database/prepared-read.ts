import type { EntityManager, PostgreSqlConnection } from '@mikro-orm/postgresql';
import { CompiledQuery, sql, type RawBuilder } from 'kysely';
import type { Pool } from 'pg';
import { nameOf } from './preparing-client.js';

/** Where a value will stand. */
class Hole {
  constructor(readonly name: string) {}
}
export type Holes<V> = { [K in keyof V]-?: RawBuilder<NonNullable<V[K]>> };

interface Compiled {
  text: string;
  parameters: readonly unknown[];
}

/**
 * A read whose text is made once per shape, and not at each request: for what every request asks, where making the text
 * takes as long as running it.
 */
export class PreparedRead<V extends object, R> {
  private readonly shapes = new Map<string, Compiled>();

  /** @param build the statement, with holes where the values come; a shape is what else its text depends on */
  constructor(private readonly build: (holes: Holes<V>, shape: string) => RawBuilder<R>) {}

  async run(em: EntityManager, values: V, shape = ''): Promise<R[]> {
    const { text, parameters } = this.shapes.get(shape) ?? this.compile(em, shape);
    const given = parameters.map((value) => (value instanceof Hole ? values[value.name as keyof V] : value));
    if (em.isInTransaction()) {
      const { rows } = await em.getKysely<unknown>().executeQuery<R>(CompiledQuery.raw(text, given));
      return rows;
    }
    const pool = (await (em.getConnection() as PostgreSqlConnection).getNativeClient()) as Pool;
    const name = nameOf(text);
    const { rows } = await pool.query({ ...(name && { name }), text, values: given });
    return rows as R[];
  }

  private compile(em: EntityManager, shape: string): Compiled {
    const holes = new Proxy({}, { get: (_, name: string) => sql`${new Hole(name)}` }) as Holes<V>;
    const { sql: text, parameters } = this.build(holes, shape).compile(em.getKysely<unknown>());
    const compiled = { text, parameters };
    this.shapes.set(shape, compiled);
    return compiled;
  }
}

import pg from 'pg';
import type { Plans } from './plans.js';

export type Done = (error: Error | undefined, result: unknown) => void;

/** Internals of pg's Query that its types omit; pg-cursor and pg-query-stream rely on the same ones. */
interface Inner {
  readonly name: string;
  _result: Columns;
  _accumulateRows: boolean;
  prepare(connection: pg.Connection): void;
  handleRowDescription(message: unknown): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
}
/** The columns of a result: their names and parsers. */
interface Columns {
  fields: unknown;
  _parsers: unknown;
  _prebuiltEmptyResultObject: unknown;
}
/** What a pg connection knows of its prepared statements, by name. */
interface Statements {
  parsedStatements: Record<string, string>;
  close(message: { type: 'S'; name: string }): void;
}
const Query = pg.Query as unknown as new (
  config: { name: string; text: string; values: unknown[] },
  values: undefined,
  done: Done,
) => Inner & pg.Submittable;

/** Retired plans that a connection may still hold, so that it does not search for them at every statement. */
const maxRetiredPlans = 50;

/**
 * Result columns of a connection's prepared statements. They cannot change: PostgreSQL refuses to run a statement whose
 * columns did.
 */
class Known {
  readonly columns = new Map<string, Columns>();
  readonly undescribed: pg.Connection;

  private static readonly all = new WeakMap<pg.Connection, Known>();
  static of(connection: pg.Connection): Known {
    const known = Known.all.get(connection) ?? new Known(connection);
    Known.all.set(connection, known);
    return known;
  }

  private constructor(private readonly connection: pg.Connection) {
    this.undescribed = Object.create(connection, { describe: { value: () => {} } }) as pg.Connection;
  }

  /** Closes retired plans, in the same round trip as the next statement (PostgreSQL 18, 54.7, Close). */
  makeRoom(plans: Plans): void {
    if (this.columns.size < plans.max + maxRetiredPlans) return;
    const { parsedStatements, close } = this.connection as unknown as Statements;
    for (const name of this.columns.keys()) {
      if (plans.keeps(name)) continue;
      close.call(this.connection, { type: 'S', name });
      delete parsedStatements[name];
      this.columns.delete(name);
    }
  }
}

/**
 * A prepared statement that requests its row description only once per connection. PostgreSQL sends the description
 * with every result to pg, which then rebuilds the parsers: for one row of thirty columns that took longer than the
 * row.
 */
export class PlannedQuery extends Query {
  private known: Known | undefined;

  constructor(
    statement: { name: string; text: string; values: unknown[] },
    private readonly plans: Plans,
    done: Done,
  ) {
    super(statement, undefined, done);
  }

  override prepare(connection: pg.Connection): void {
    this.known = Known.of(connection);
    this.known.makeRoom(this.plans);
    const columns = this.known.columns.get(this.name);
    if (!columns) return super.prepare(connection);
    Object.assign(this._result, columns);
    this._accumulateRows = true;
    super.prepare(this.known.undescribed);
  }

  // By then its columns are known, or that it has none.
  override handleCommandComplete(message: unknown, connection: pg.Connection): void {
    const { columns } = this.known!;
    if (!columns.has(this.name)) {
      const { fields, _parsers, _prebuiltEmptyResultObject } = this._result;
      columns.set(this.name, { fields, _parsers, _prebuiltEmptyResultObject });
    }
    super.handleCommandComplete(message, connection);
  }
}

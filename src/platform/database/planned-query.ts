import pg from 'pg';
import type { Plans } from './plans.js';

export type Done = (error: Error | undefined, result: unknown) => void;

/** What pg's own query does and its types do not tell; pg-cursor and pg-query-stream stand on the same. */
interface Inner {
  readonly name: string;
  _result: Columns;
  _accumulateRows: boolean;
  prepare(connection: pg.Connection): void;
  handleRowDescription(message: unknown): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
}
/** Of the rows of a statement: what they are called, and how each is read. */
interface Columns {
  fields: unknown;
  _parsers: unknown;
  _prebuiltEmptyResultObject: unknown;
}
/** What a connection of pg knows of its prepared statements, by name. */
interface Statements {
  parsedStatements: Record<string, string>;
  close(message: { type: 'S'; name: string }): void;
}
const Query = pg.Query as unknown as new (
  config: { name: string; text: string; values: unknown[] },
  values: undefined,
  done: Done,
) => Inner & pg.Submittable;

/** Plans that a connection may hold beyond those that are kept, so that it does not look through them for each. */
const spare = 50;

/** What a connection has told of its statements, which can't change there: PostgreSQL refuses to run one whose did. */
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

  /** Gives up plans that nobody asks for any more, in front of what is asked now (PostgreSQL 18, 54.7, Close). */
  makeRoom(plans: Plans): void {
    if (this.columns.size < plans.max + spare) return;
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
 * A prepared statement that asks for the description of its rows only once per connection. PostgreSQL sends it with every
 * answer to pg, which makes its readers of it anew: for one row of thirty columns that took longer than the row.
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

  // Its columns are known by then, or that it has none.
  override handleCommandComplete(message: unknown, connection: pg.Connection): void {
    const { columns } = this.known!;
    if (!columns.has(this.name)) {
      const { fields, _parsers, _prebuiltEmptyResultObject } = this._result;
      columns.set(this.name, { fields, _parsers, _prebuiltEmptyResultObject });
    }
    super.handleCommandComplete(message, connection);
  }
}

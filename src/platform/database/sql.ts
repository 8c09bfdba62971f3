import { TransactionContext } from '@mikro-orm/core';
import type { EntityManager, PostgreSqlConnection } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import type { Pool } from 'pg';

/** A statement, or a part of one. What is no `Statement` itself becomes a parameter; a list becomes an array. */
export class Statement<R = unknown> {
  /** Of one row; for a part, its value. */
  declare readonly row: R;

  constructor(
    private readonly strings: readonly string[],
    private readonly values: readonly unknown[],
  ) {}

  /** Runs it, in the transaction where there is one. @returns its rows */
  async all(em: EntityManager): Promise<R[]> {
    const values: unknown[] = [];
    const shape = this.walk(shapes, values);
    const text = (shape.text ??= this.print({ parameters: 0 }));
    if (TransactionContext.currentTransactionContext())
      return (await em.getKysely<unknown>().executeQuery<R>(CompiledQuery.raw(text, values))).rows;
    // Past Kysely, whose pipeline costs more than sending a small statement.
    const pool = (await (em.getConnection() as PostgreSqlConnection).getNativeClient()) as Pool;
    return (await pool.query(text, values)).rows as R[];
  }

  private walk(from: Shape, values: unknown[]): Shape {
    let shape = from.with(this.strings);
    for (const value of this.values) {
      if (value instanceof Statement) shape = value.walk(shape, values);
      else {
        shape = shape.with(parameter);
        values.push(value);
      }
    }
    return shape;
  }

  private print(count: { parameters: number }): string {
    let text = this.strings[0]!;
    this.values.forEach((value, i) => {
      text += value instanceof Statement ? value.print(count) : `$${++count.parameters}`;
      text += this.strings[i + 1]!;
    });
    return text;
  }
}

const parameter = Symbol('parameter');

/**
 * The parts of a statement in their order, each known by the array that JavaScript makes once for its place in the code.
 * So a text is made once, and found again without looking at its thousands of letters: making it took longer than sending
 * it. There are as many as there are places in the code, times the lists and conditions that are put together there.
 */
class Shape {
  text: string | undefined;
  private readonly next = new Map<unknown, Shape>();

  with(part: unknown): Shape {
    const known = this.next.get(part);
    if (known) return known;
    const shape = new Shape();
    this.next.set(part, shape);
    return shape;
  }
}
const shapes = new Shape();

const fixed = new Map<string, Statement<never>>();
const joints = new Map<string, readonly string[]>();

function asIs<R>(text: string): Statement<R> {
  const known = fixed.get(text);
  if (known) return known;
  const made = new Statement<never>([text], []);
  fixed.set(text, made);
  return made;
}

/** Only of what stands in the code: an index of strings, as what comes with a request is one, may be empty. */
type Literal<T extends string | number> = Record<never, never> extends Record<T, true> ? never : T;

/** Words and numbers of SQL that stand in the code: the type takes no other. */
const raw = <T extends string | number>(text: T & Literal<T>): Statement<never> => asIs(`${text}`);

/** A name, or names with dots between them: `sql.ident('m', 'owner_id')` is `m.owner_id`. @throws {TypeError} for what is none */
function ident<R = unknown>(...names: string[]): Statement<R> {
  const text = names.join('.');
  const known = fixed.get(text);
  if (known) return known;
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$/.test(text)) throw new TypeError(`Not a name of SQL: ${text}`);
  return asIs<R>(text);
}

/** A word in quotes, as a name within JSON. @throws {TypeError} for what is none */
function word(text: string): Statement<string> {
  if (!/^\w+$/.test(text)) throw new TypeError(`Not a word: ${text}`);
  return asIs<string>(`'${text}'`);
}

/** @throws {RangeError} where there is nothing to join */
function join(parts: readonly unknown[], between = ', '): Statement {
  if (!parts.length) throw new RangeError('Nothing to join');
  const key = `${parts.length}${between}`;
  let strings = joints.get(key);
  if (!strings) joints.set(key, (strings = ['', ...Array<string>(parts.length - 1).fill(between), '']));
  return new Statement(strings, parts);
}

/** `` sql<Row>`select … where id = ${id} and ${condition}` `` */
export const sql = Object.assign(
  <R = unknown>(strings: readonly string[], ...values: unknown[]) => new Statement<R>(strings, values),
  { raw, ident, word, join },
);

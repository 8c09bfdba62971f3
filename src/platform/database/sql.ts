import { TransactionContext } from '@mikro-orm/core';
import type { EntityManager, PostgreSqlConnection } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import type { Pool } from 'pg';

/** A statement, or a part of one. Values that are no `Statement` become parameters; lists become arrays. */
export class Statement<R = unknown> {
  /** Type of one row; for a part, of its value. */
  declare readonly row: R;

  constructor(
    private readonly strings: readonly string[],
    private readonly values: readonly unknown[],
  ) {}

  /**
   * Runs the statement, in the current transaction if there is one.
   * @returns its rows
   */
  async all(em: EntityManager): Promise<R[]> {
    const values: unknown[] = [];
    const shape = this.walk(shapes, values);
    const text = (shape.text ??= this.print({ parameters: 0 }));
    if (TransactionContext.currentTransactionContext())
      return (await em.getKysely<unknown>().executeQuery<R>(CompiledQuery.raw(text, values))).rows;
    // Bypasses Kysely, whose pipeline costs more than sending a small statement.
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
 * Trie of statement parts, keyed by the strings array that JavaScript creates once per template literal. A statement's
 * text is built once and found again without comparing thousands of characters: building it took longer than sending
 * it. Its size is bounded by the code: the templates, times the lists and conditions combined there.
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

/** Accepts only literals from the code: the type excludes index signatures, such as records from a request. */
type Literal<T extends string | number> = Record<never, never> extends Record<T, true> ? never : T;

/** SQL keywords and numbers written in the code: the type takes nothing else. */
const raw = <T extends string | number>(text: T & Literal<T>): Statement<never> => asIs(`${text}`);

/**
 * A name, or several joined by dots: `sql.ident('m', 'owner_id')` is `m.owner_id`.
 * @throws {TypeError} for an invalid name
 */
function ident<R = unknown>(...names: string[]): Statement<R> {
  const text = names.join('.');
  const known = fixed.get(text);
  if (known) return known;
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$/.test(text)) throw new TypeError(`Not an SQL identifier: ${text}`);
  return asIs<R>(text);
}

/**
 * A quoted word, such as a key within JSON.
 * @throws {TypeError} for anything else
 */
function word(text: string): Statement<string> {
  if (!/^\w+$/.test(text)) throw new TypeError(`Not a word: ${text}`);
  return asIs<string>(`'${text}'`);
}

/** @throws {RangeError} for an empty list */
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

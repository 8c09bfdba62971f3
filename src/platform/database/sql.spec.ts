import type { EntityManager } from '@mikro-orm/postgresql';
import { expect, it } from 'vitest';
import { sql, type Statement } from './sql.js';

/** What PostgreSQL receives for a statement. */
async function sent(statement: Statement): Promise<{ text: string; values: unknown[] }> {
  const asked: { text: string; values: unknown[] }[] = [];
  const pool = {
    query: async (text: string, values: unknown[]) => {
      asked.push({ text, values });
      return { rows: [] };
    },
  };
  const em = { getConnection: () => ({ getNativeClient: async () => pool }) };
  await statement.all(em as unknown as EntityManager);
  return asked[0]!;
}

it('numbers its parameters across all parts', async () => {
  const isOwner = (id: number) => sql`owner = ${id}`;
  const parts = [isOwner(1), sql`n > ${2}`, sql`true`];
  expect(await sent(sql`select ${0} where ${sql.join(parts, ' and ')} limit ${3}`)).toEqual({
    text: 'select $1 where owner = $2 and n > $3 and true limit $4',
    values: [0, 1, 2, 3],
  });
});

it('has the same text with other values', async () => {
  const ask = (id: string) => sql`select * from t where id = ${id} and ${sql`x = ${id}`}`;
  expect(await sent(ask('a'))).toEqual({ text: 'select * from t where id = $1 and x = $2', values: ['a', 'a'] });
  expect(await sent(ask('b'))).toEqual({ text: 'select * from t where id = $1 and x = $2', values: ['b', 'b'] });
});

it('has another text when a part replaces a value', async () => {
  const pair = (a: unknown, b: unknown) => sql`select ${a}, ${b}`;
  const now = sql`now()`;
  const texts = ['select now(), $1', 'select $1, now()', 'select $1, $2', 'select now(), now()'];
  for (let round = 0; round < 2; round++) {
    const all = [pair(now, 1), pair(1, now), pair(1, 1), pair(now, now)];
    expect((await Promise.all(all.map(sent))).map(({ text }) => text)).toEqual(texts);
  }
});

it('joins any number of parts, but not none', async () => {
  for (const values of [[1], [1, 2], [1, 2, 3]]) {
    const text = `select ${values.map((n) => `$${n}`).join(', ')}`;
    expect(await sent(sql`select ${sql.join(values)}`)).toEqual({ text, values });
  }
  expect(() => sql.join([])).toThrow(RangeError);
});

it('takes names literally, and everything else as a value', async () => {
  const name = sql.ident('t', 'id');
  expect(await sent(sql`select ${name} from t where ${name} = ${"'; drop table t"}`)).toEqual({
    text: 'select t.id from t where t.id = $1',
    values: ["'; drop table t"],
  });
});

it('refuses invalid names, and words that are not in the code', () => {
  for (const name of ['', 'a b', "a'", 'a"', 'a;b', 'A', 'a.', '.a', 'a--'])
    expect(() => sql.ident(name), name).toThrow(TypeError);
  for (const name of ['', "a'", 'a b', '\\']) expect(() => sql.word(name), name).toThrow(TypeError);
  const sent: { column: string } = { column: 'id' };
  // @ts-expect-error -- a request may contain any string
  sql.raw(sent.column);
  // @ts-expect-error -- nor may a text be composed of one
  sql.raw(`t.${sent.column}` as `t.${string}`);
  sql.raw('desc' as 'asc' | 'desc');
});

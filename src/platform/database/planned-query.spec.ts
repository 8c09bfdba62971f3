import type { EventEmitter } from 'node:events';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { plans, PreparingClient } from './preparing-client.js';

let client: pg.Client;
let described: number;
beforeEach(async () => {
  described = 0;
  client = await connect();
  await client.query('create temporary table things (id int primary key, name text, at timestamptz)');
  await client.query(`insert into things values (1, 'one', '2026-01-01Z'), (2, null, null), (3, 'three', null)`);
  (client as unknown as { connection: EventEmitter }).connection.on('rowDescription', () => (described += 1));
});
afterEach(() => client.end());

async function connect() {
  const made = new PreparingClient({ connectionString: inject('postgres') });
  await made.connect();
  return made;
}

it('gets its columns described once, and still reads the same rows', async () => {
  const after = (id: number) => client.query('select id, name, at from things where id > $1 order by id', [id]);
  const all = [
    { id: 1, name: 'one', at: new Date('2026-01-01Z') },
    { id: 2, name: null, at: null },
    { id: 3, name: 'three', at: null },
  ];
  // The first two are not prepared yet.
  for (let i = 0; i < 4; i++) expect((await after(0)).rows).toEqual(all);
  const { rows, rowCount, command, fields } = await after(1);
  expect(rows).toEqual(all.slice(1));
  expect({ rowCount, command, names: fields.map(({ name }) => name) }).toEqual({
    rowCount: 2,
    command: 'SELECT',
    names: ['id', 'name', 'at'],
  });
  expect((await after(3)).rows).toEqual([]);
  expect(described).toBe(3);
});

it('keeps the columns of each statement', async () => {
  const read = async (column: string, id: number) =>
    (await client.query(`select ${column} from things where id = $1`, [id])).rows[0] as object;
  for (const column of ['id', 'name']) for (let i = 0; i < 3; i++) await read(column, 1);
  described = 0;
  const rows: object[] = [];
  for (const id of [1, 2, 3]) for (const column of ['id', 'name']) rows.push(await read(column, id));
  expect(rows).toEqual([{ id: 1 }, { name: 'one' }, { id: 2 }, { name: null }, { id: 3 }, { name: 'three' }]);
  expect(described).toBe(0);
});

it('remembers that a statement has no rows', async () => {
  const rename = async (name: string) => (await client.query('update things set name = $1', [name])).rowCount;
  expect([await rename('a'), await rename('b'), await rename('c')]).toEqual([3, 3, 3]);
  expect((await client.query('select name from things')).rows[0]).toEqual({ name: 'c' });
});

it('works after an error, the first time or later', async () => {
  const over = (n: number) => client.query('select 6 / $1::int as n', [n]).then(({ rows }) => rows[0] as object);
  await expect(over(0)).rejects.toMatchObject({ code: '22012' });
  expect(await over(2)).toEqual({ n: 3 });
  await expect(over(0)).rejects.toMatchObject({ code: '22012' });
  expect(await over(3)).toEqual({ n: 2 });
});

it('is retried when its columns have changed', async () => {
  const one = async () => (await client.query('select * from things where id = $1', [1])).rows[0];
  for (let i = 0; i < 4; i++) await one();
  await client.query('alter table things drop column name');
  expect(await one()).toEqual({ id: 1, at: new Date('2026-01-01Z') });
  // Then prepared again.
  for (let i = 0; i < 4; i++) expect(Object.keys((await one()) as object)).toEqual(['id', 'at']);
});

it('fails once in a transaction, which has failed by then, and not in the next one', async () => {
  const one = () => client.query('select * from things where id = $1', [2]);
  for (let i = 0; i < 4; i++) await one();
  await client.query('alter table things add column more int');
  await client.query('begin');
  await expect(one()).rejects.toMatchObject({ code: '0A000' });
  await client.query('rollback');
  await client.query('begin');
  expect((await one()).rows).toEqual([{ id: 2, name: null, at: null, more: null }]);
  await client.query('commit');
});

it('is prepared again when the connection has lost it', async () => {
  const one = () => client.query('select id from things where id = $1', [3]);
  for (let i = 0; i < 4; i++) await one();
  await client.query('deallocate all');
  expect((await one()).rows).toEqual([{ id: 3 }]);
});

it('leaves no more plans in a connection than allowed', async () => {
  for (let n = 0; n < plans.max + 200; n++)
    for (let i = 0; i < 3; i++) await client.query(`select ${n} as n, $1::int as m`, [i]);
  const { rows } = await client.query('select count(*)::int as count from pg_prepared_statements');
  expect((rows[0] as { count: number }).count).toBeLessThanOrEqual(plans.max + 51);
  expect((await client.query('select 7 as n, $1::int as m', [8])).rows).toEqual([{ n: 7, m: 8 }]);
});

it('calls back as pg does, with the error or the result', async () => {
  const ask = (text: string) =>
    new Promise((resolve) => client.query(text, [1], (error, result) => resolve(error?.message ?? result.rows)));
  const text = 'select id from things where id = $1';
  expect([await ask(text), await ask(text)]).toEqual([[{ id: 1 }], [{ id: 1 }]]);
  expect(await ask('select nothing from things where id = $1')).toContain('does not exist');
});

import type { EventEmitter } from 'node:events';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { PreparingClient } from './preparing-client.js';

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

it('has its columns described once, and reads the same rows ever after', async () => {
  const after = (id: number) => client.query('select id, name, at from things where id > $1 order by id', [id]);
  const all = [
    { id: 1, name: 'one', at: new Date('2026-01-01Z') },
    { id: 2, name: null, at: null },
    { id: 3, name: 'three', at: null },
  ];
  expect((await after(0)).rows).toEqual(all);
  expect((await after(0)).rows).toEqual(all);
  const { rows, rowCount, command, fields } = await after(1);
  expect(rows).toEqual(all.slice(1));
  expect({ rowCount, command, names: fields.map(({ name }) => name) }).toEqual({
    rowCount: 2,
    command: 'SELECT',
    names: ['id', 'name', 'at'],
  });
  expect((await after(3)).rows).toEqual([]);
  expect(described).toBe(1);
});

it('keeps the columns of each statement', async () => {
  const rows: object[] = [];
  for (const id of [1, 2, 3])
    for (const column of ['id', 'name'])
      rows.push((await client.query(`select ${column} from things where id = $1`, [id])).rows[0] as object);
  expect(rows).toEqual([{ id: 1 }, { name: 'one' }, { id: 2 }, { name: null }, { id: 3 }, { name: 'three' }]);
  expect(described).toBe(2);
});

it('knows of a statement that it has no rows', async () => {
  const rename = async (name: string) => (await client.query('update things set name = $1', [name])).rowCount;
  expect([await rename('a'), await rename('b'), await rename('c')]).toEqual([3, 3, 3]);
  expect((await client.query('select name from things')).rows[0]).toEqual({ name: 'c' });
});

it('goes on after an error, the first time or later', async () => {
  const over = (n: number) => client.query('select 6 / $1::int as n', [n]).then(({ rows }) => rows[0] as object);
  await expect(over(0)).rejects.toMatchObject({ code: '22012' });
  expect(await over(2)).toEqual({ n: 3 });
  await expect(over(0)).rejects.toMatchObject({ code: '22012' });
  expect(await over(3)).toEqual({ n: 2 });
});

it('never reads rows by columns that are no more', async () => {
  const one = () => client.query('select * from things where id = $1', [1]);
  await one();
  await client.query('alter table things drop column name');
  await expect(one()).rejects.toMatchObject({ code: '0A000' });
});

it('calls back as pg does, with the error or the result', async () => {
  const ask = (text: string) =>
    new Promise((resolve) => client.query(text, [1], (error, result) => resolve(error?.message ?? result.rows)));
  const text = 'select id from things where id = $1';
  expect([await ask(text), await ask(text)]).toEqual([[{ id: 1 }], [{ id: 1 }]]);
  expect(await ask('select nothing from things where id = $1')).toContain('does not exist');
});

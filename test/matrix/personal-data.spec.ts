import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { impersonal, inventory } from '../../src/personal-data/inventory.js';

let db: pg.Client;
beforeAll(async () => {
  const url = new URL(inject('postgres'));
  url.pathname = '/template';
  db = new pg.Client({ connectionString: url.href });
  await db.connect();
});
afterAll(() => db.end());

it('every table is in the inventory, or belongs to nobody', async () => {
  const { rows } = await db.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
  );
  const listed = [...inventory.map(({ table }) => table), ...Object.keys(impersonal)];
  expect(listed.toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
});

it('a table is deleted before those it refers to', async () => {
  const { rows } = await db.query<{ from: string; to: string }>(
    `select conrelid::regclass::text as "from", confrelid::regclass::text as "to" from pg_constraint
     where contype = 'f' and connamespace = 'public'::regnamespace and confdeltype <> 'n'`,
  );
  const place = (table: string) => inventory.findIndex((holding) => holding.table === table);
  // The account's own references to its profile's photos are removed first.
  for (const { from, to } of rows)
    if (from !== 'users' && from !== to && place(to) >= 0)
      expect(place(from), `${from} → ${to}`).toBeLessThan(place(to));
});

it('the archive contains no secrets or internals', async () => {
  for (const { table, exportedBy, without = [] } of inventory) {
    if (exportedBy === null) continue;
    const { rows } = await db.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_schema = 'public' and table_name = $1`,
      [table],
    );
    const shown = rows.map(({ name }) => name).filter((name) => !without.includes(name));
    expect(
      shown.filter((name) => /hash|secret|token|password|(^|_)key$/.test(name)),
      table,
    ).toEqual([]);
  }
});

it('the archive contains no column without a maximum length, except some that are short', async () => {
  const { rows } = await db.query<{ table: string; name: string }>(
    `select table_name as "table", column_name as name from information_schema.columns
     where table_schema = 'public' and data_type in ('jsonb', 'json', 'bytea', 'tsvector')`,
  );
  const exported = rows.filter(({ table, name }) => {
    const holding = inventory.find((one) => one.table === table);
    return holding?.exportedBy && !holding.without?.includes(name);
  });
  const columns = exported.map(({ table, name }) => `${table}.${name}`).toSorted();
  expect(columns).toEqual(['files.facts', 'files.picture', 'renditions.facts', 'users.links']);
});

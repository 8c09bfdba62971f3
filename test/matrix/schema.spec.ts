import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { entities } from '../../src/entities.js';
import { ormOptions } from '../../src/platform/database/orm.js';

interface Column {
  table: string;
  column: string;
  type: string;
  nullable: boolean;
}

/** Normalises type names: `character varying(30)` is `varchar(30)`, `timestamp with time zone` is `timestamptz`. */
const plain = (type: string) =>
  type
    .toLowerCase()
    .replace('character varying', 'varchar')
    .replace('timestamp with time zone', 'timestamptz')
    .replace(/timestamptz\(\d\)/, 'timestamptz')
    .replace('integer', 'int')
    .replace(/^boolean$/, 'boolean');

it('the migrations create exactly the tables of the entities', async () => {
  const url = new URL(inject('postgres'));
  url.pathname = '/template';
  const orm = await MikroORM.init(ormOptions(url.href, entities, 2));
  try {
    const described = [...orm.getMetadata().getAll().values()].flatMap((entity) => {
      const { tableName, props } = entity as unknown as { tableName: string; props: Described[] };
      return props.flatMap((prop) =>
        prop.fieldNames.map((column, i) =>
          written({ table: tableName, column, type: prop.columnTypes[i]!, nullable: Boolean(prop.nullable) }),
        ),
      );
    });
    const rows = await orm.em.execute<Column[]>(
      `select c.relname as "table", a.attname as "column", format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
       where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and c.relname <> 'migrations'`,
    );
    expect(rows.map(written).toSorted()).toEqual(described.toSorted());
  } finally {
    await orm.close();
  }
});

interface Described {
  fieldNames: string[];
  columnTypes: string[];
  nullable?: boolean;
}
const written = ({ table, column, type, nullable }: Column) =>
  `${table}.${column} ${plain(type)}${nullable ? '' : ' not null'}`;

it('the rows that go with another one are found by an index', async () => {
  const client = new pg.Client(inject('postgres').replace(/[^/]+$/, 'template'));
  await client.connect();
  try {
    const { rows } = await client.query(
      `select c.conrelid::regclass::text as "table", a.attname as "column"
       from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
       where c.contype = 'f' and c.connamespace = 'public'::regnamespace and not exists (
         select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]
           and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)))`,
    );
    expect(rows).toEqual([]);
  } finally {
    await client.end();
  }
});

import type { EntityManager } from '@mikro-orm/postgresql';
import type { Holding } from '../platform/database/holding.js';
import { sql, type Statement } from '../platform/database/sql.js';

/** Of a statement. */
const maxRows = 2_000;
/** Of the JSON of a page, before its last row: a page of likes is small, one of long messages would not be. */
const maxBytes = 1024 * 1024;

interface Column {
  name: string;
  kind: 'text' | 'json' | 'other';
}
interface Row {
  row: object;
  key: object;
  found: number;
}

/**
 * What of a table the account takes along, in pages. Each page is a statement of its own: none is open while its rows are
 * sent, however slowly they are read.
 */
export async function* exportedRows(
  { table, rows, exportedBy, without = [] }: Holding,
  userId: string,
  em: EntityManager,
): AsyncGenerator<object[]> {
  const from = sql.ident(table);
  const order = (alias: string) => sql.join(exportedBy!.map((column) => sql.ident(alias, column)));
  const key = sql.join(exportedBy!.flatMap((column) => [sql.word(column), sql.ident('x', column)]));
  const columns = (await columnsOf(table, em)).filter(({ name }) => !without.includes(name));
  const exported = sql.join(columns.map(({ name }) => sql.ident('x', name)));
  let last: object | undefined;
  do {
    // The key of the previous row, as a row of the table, so that its columns have their types.
    const after = last
      ? sql`(${order('t')}) > (select ${order('k')} from jsonb_populate_record(null::${from}, ${JSON.stringify(last)}::jsonb) k)`
      : sql`true`;
    // Only the named columns of `x` are read: what is left out can be the largest.
    const page = await sql<Row>`
      select to_jsonb(r) as row, jsonb_build_object(${key}) as key, x.rows_found as found
      from (
        select t.*, sum(s.bytes) over (order by ${order('t')} rows unbounded preceding) - s.bytes as bytes_before,
          count(*) over ()::int as rows_found
        from (select t.* from ${from} t where ${rows(userId)} and ${after} order by ${order('t')} limit ${maxRows}) t,
          lateral (select ${sizeOf(columns)} as bytes) s) x,
        lateral (select ${exported}) r
      where x.bytes_before < ${maxBytes}
      order by ${order('x')}`.all(em);
    yield page.map(({ row }) => row);
    const { key: lastKey, found = 0 } = page.at(-1) ?? {};
    last = found === maxRows || page.length < found ? lastKey : undefined;
  } while (last);
}

const columnsOf = (table: string, em: EntityManager): Promise<Column[]> =>
  sql<Column>`
    select a.attname as name, case when t.typcategory = 'S' then 'text' when t.typname = 'jsonb' then 'json' else 'other' end as kind
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = ${table}::regclass and a.attnum > 0 and not a.attisdropped
    order by a.attnum`.all(em);

/** Of the row `t` as JSON, roughly: the length of a text is known without reading it. */
function sizeOf(columns: readonly Column[]): Statement {
  const sizes = columns
    .filter(({ kind }) => kind !== 'other')
    .map(({ name, kind }) => {
      const column = sql.ident('t', name);
      return sql`coalesce(octet_length(${kind === 'json' ? sql`${column}::text` : column}), 0)`;
    });
  return sql.join([sql`40 * ${columns.length}::int`, ...sizes], ' + ');
}

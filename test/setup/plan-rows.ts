import pg from 'pg';

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  Plans?: Node[];
}

/** The node that touched the most rows. */
function worst(node: Node): { rows: number; where: string } {
  const each = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
  const where = `${node['Node Type']} ${node['Index Name'] ?? node['Relation Name'] ?? ''}`;
  const own = { rows: Math.round(each * node['Actual Loops']), where };
  return (node.Plans ?? []).map(worst).reduce((one, other) => (other.rows > one.rows ? other : one), own);
}

const element = (value: unknown) => (value === null ? 'null' : `"${String(value).replace(/["\\]/g, '\\$&')}"`);
/** Of whatever type the parameter has. */
const literal = (value: unknown): string => {
  if (value === null || value === undefined) return 'null';
  return pg.escapeLiteral(Array.isArray(value) ? `{${value.map(element).join(',')}}` : String(value));
};

/** What a prepared statement reads, with a plan for its values or with the one that is kept for all. */
export async function mostRowsOf(
  client: pg.PoolClient,
  { text, values }: { text: string; values: unknown[] },
  mode: 'force_custom_plan' | 'force_generic_plan',
) {
  await client.query(`set plan_cache_mode = ${mode}`);
  await client.query(`prepare asked as ${text}`);
  const given = values.length ? `(${values.map(literal).join(', ')})` : '';
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
    `explain (analyze, format json) execute asked${given}`,
  );
  await client.query('deallocate asked');
  return worst(rows[0]!['QUERY PLAN'][0].Plan);
}

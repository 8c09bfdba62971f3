import { statementsOf } from '../test/setup/statements.js';
import { inProcess } from './in-process.js';
import type { System } from './system.js';

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Node[];
}
interface Finding {
  name: string;
  why: string;
}

/** Rows that one page of 20 may touch. A search reads the 5,000 newest. */
const mostRows = 12_000;
/** Reads index entries of a word, but no rows; a tenth of all rows has it here. */
const indexAlone = 'Bitmap Index Scan';

/** Sends the requests to an API in this process, and explains each of its statements. */
export async function plansOf(system: System, pages: [name: string, address: string][]): Promise<Finding[]> {
  const found: Finding[] = [];
  await inProcess(system, async (app) => {
    for (const [name, url] of pages) {
      const statements = await statementsOf(async () => {
        await app.inject({ url: `${url}&limit=20`, headers: system.user });
      });
      for (const { text, values } of statements.filter(({ text }) => /^\s*(?:select|with)/i.test(text))) {
        const { rows } = await system.db.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
          `explain (analyze, format json) ${text}`,
          values,
        );
        const why = faultOf(rows[0]!['QUERY PLAN'][0].Plan);
        if (why) found.push({ name, why: `${why}\n  ${text.replace(/\s+/g, ' ').slice(-400)}` });
      }
    }
  });
  return found;
}

/** Finds sorts, or scans, of a whole table. */
function faultOf(node: Node): string | undefined {
  const touched = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  if (touched > mostRows && node['Node Type'] !== indexAlone)
    return `${node['Node Type']}${node['Relation Name'] ? ` of ${node['Relation Name']}` : ''} touches ${touched} rows`;
  for (const child of node.Plans ?? []) {
    const fault = faultOf(child);
    if (fault) return fault;
  }
  return undefined;
}

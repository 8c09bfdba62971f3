import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

const rows = 9_000;
/** The newest 5,000 are searched for a common word; nothing reads more than some of these once more. */
const most = 6_500;

let vitrine: Vitrine;
let app: NestFastifyApplication;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  const ada = await newPerson(vitrine);
  // Each title has other words; each has the same signs, and letters of scripts that trigrams don't know.
  await vitrine.db.query(
    `insert into medias (url, owner_id, type, title, description, status, shown)
     select 'm' || lpad(i::text, 15, '0'), $1, 'photo', md5(i::text) || ' — 東の京 ' || chr(20000 + mod(i, 3000)), '', 'ready', true
     from generate_series(1, ${rows}) i`,
    [ada.id],
  );
  await vitrine.db.query(
    `insert into playlists (url, owner_id, title) select 'p' || lpad(i::text, 15, '0'), $1, md5(i::text) || ' — 東の京' from generate_series(1, ${rows}) i`,
    [ada.id],
  );
  await vitrine.db.query(
    `insert into tags (name, medias_count) select md5(i::text) || 'の' || i, 1 from generate_series(1, ${rows}) i`,
  );
  await vitrine.db.query(
    `insert into users (username, email, email_verified_at, password_hash, display_name)
     select 'u' || i, 'u' || i || '@example.org', now(), '-', md5(i::text) || ' の' from generate_series(1, ${rows}) i`,
  );
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
}, 180_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Node[];
}
/** Rows of tables and results; entries of an index alone are cheap. */
function touched(node: Node): number {
  const own = node['Node Type'].startsWith('Bitmap Index')
    ? 0
    : (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
      node['Actual Loops'];
  return Math.max(own, ...(node.Plans ?? []).map(touched));
}

// Two letters that trigrams don't know, signs alone, one letter, pairs that never follow each other, nothing at all.
const terms = [
  'ж',
  'жш',
  '東',
  '京東',
  '京の東の京',
  '—',
  '%%',
  '_',
  '…',
  '☂',
  '́',
  'a',
  'zz',
  'の',
  `${'東京'.repeat(50)}`,
];

it.each(['medias', 'users', 'playlists', 'tags'])(
  'a search for %s reads a bounded number of rows, however short or odd the term',
  async (type) => {
    const tooMany: string[] = [];
    const client = await vitrine.db.connect();
    // A table this small may be scanned, or merged, for five hundred of its rows. What remains is where no index narrows the search.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    for (const term of terms) {
      const statements = await statementsOf(async () => {
        const { statusCode, body } = await app.inject({
          url: `/api/search?type=${type}&q=${encodeURIComponent(term)}`,
        });
        expect([200, 422], body).toContain(statusCode);
      });
      for (const { text, values } of statements.filter((one) => /^\s*(?:select|with)/i.test(one.text))) {
        const { rows: plan } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
          `explain (analyze, format json) ${text}`,
          values,
        );
        const count = touched(plan[0]!['QUERY PLAN'][0].Plan);
        if (count > most) tooMany.push(`${term.slice(0, 10)}: ${count}`);
      }
    }
    client.release(true);
    expect(tooMany).toEqual([]);
  },
  120_000,
);

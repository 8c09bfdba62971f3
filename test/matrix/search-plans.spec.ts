import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

const rows = 9_000;
/** The newest 5,000 are searched for a common word; nothing reads more than some of these once more. */
const most = 6_500;

let vitrine: Vitrine;
let app: NestFastifyApplication;
/** Follows many. */
let reader: Person;
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
  await addHidden();
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
}, 180_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

/** Twice as many of the same words that nobody may find, or only followers. */
async function addHidden() {
  const shy = await newPerson(vitrine);
  await shy.client.put('/api/users/me', { isPrivate: true }).expect(200);
  const closed = await newPerson(vitrine);
  reader = await newPerson(vitrine);
  await vitrine.db.query(
    `insert into follows (follower_id, followee_id, accepted_at) select $1, id, now() from users where id = $2 or username like 'u1%'`,
    [reader.id, shy.id],
  );
  for (const { table, more, values } of [
    { table: 'medias', more: ', type, status, shown', values: `, 'photo', 'ready', true` },
    { table: 'playlists', more: '', values: '' },
  ])
    await vitrine.db.query(
      `insert into ${table} (url, owner_id, title, visibility${more})
       select 'h' || lpad(i::text, 15, '0'), case when i % 3 = 0 then $1::uuid else $2::uuid end,
         md5((i % ${rows})::text) || ' — 東の京', (array['public', 'private', 'unlisted'])[1 + i % 3]${values}
       from generate_series(1, ${2 * rows}) i`,
      [shy.id, closed.id],
    );
}

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

it.each(
  ['medias', 'users', 'playlists', 'tags'].flatMap((type) => [
    { type, who: 'anybody' },
    { type, who: 'a reader' },
  ]),
)(
  'a search for $type by $who reads a bounded number of rows, however short or odd the term',
  async ({ type, who }) => {
    const headers = who === 'a reader' ? { 'x-api-key': reader.key } : {};
    const tooMany: string[] = [];
    const client = await vitrine.db.connect();
    // A table this small may be scanned, or merged, for five hundred of its rows. What remains is where no index narrows the search.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    for (const term of terms) {
      const statements = await statementsOf(async () => {
        const url = `/api/search?type=${type}&q=${encodeURIComponent(term)}`;
        const { statusCode, body } = await app.inject({ url, headers });
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

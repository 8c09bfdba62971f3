import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { mostRowsOf } from '../setup/plan-rows.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

/** Of somebody whom the reader mutes: the latest, the most viewed and liked. */
const loud = 25_000;
/** Enough for a common tag, at the end of all lists. */
const quiet = 2_100;
/** No list reads more for a page. */
const walked = 10_000;

let vitrine: Vitrine;
let app: Awaited<ReturnType<typeof apiInProcess>>;
let reader: Person;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  const [ada, noisy] = await Promise.all([newPerson(vitrine), newPerson(vitrine)]);
  reader = await newPerson(vitrine);
  await reader.client.post(`/api/mutes/${noisy!.username}`).expect(201);
  const publish = (prefix: string, owner: Person, type: string, views: string, count: number) => `
    insert into medias (id, url, owner_id, type, visibility, status, shown, views_count, likes_count)
      select uuidv7(), '${prefix}' || i, '${owner.id}', '${type}', 'public', 'ready', true, ${views}, ${views}
      from generate_series(1, ${count}) i;`;
  const list = (prefix: string, owner: Person, count: number) => `
    insert into playlists (url, owner_id, title, visibility)
      select '${prefix}' || i, '${owner.id}', 'Evenings', 'public' from generate_series(1, ${count}) i;`;
  await vitrine.db.query(`
    set session_replication_role = replica;
    ${publish('q', ada!, 'music', '0', quiet)} ${publish('l', noisy!, 'photo', 'i', loud)}
    ${list('q', ada!, 30)} ${list('l', noisy!, loud)}
    insert into tags (name) values ('quiet');
    insert into media_tags (media_id, tag_id, owner_id, type, reach)
      select m.id, t.id, m.owner_id, m.type, m.reach from medias m, tags t where m.type = 'music';
    insert into activities (media_id, actor_id, verb, type, reach, seq, fanout, day)
      select id, owner_id, 'post', type, reach, row_number() over (order by id), 'done', current_date from medias;
    set session_replication_role = default`);
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
}, 240_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

it.each([
  { list: 'medias?', who: 'a reader', shown: quiet },
  { list: 'medias?sort=most-viewed', who: 'a reader', shown: quiet },
  { list: 'feeds/global?', who: 'a reader', shown: quiet },
  { list: 'playlists?', who: 'a reader', shown: 30 },
  { list: 'medias?tag=quiet&sort=most-liked', who: 'anybody', shown: quiet },
  { list: 'medias?tag=quiet&sort=most-viewed', who: 'a reader', shown: quiet },
  { list: 'medias?type=music&sort=most-viewed', who: 'anybody', shown: quiet },
])(
  '$list for $who: ends a page where much is passed over, and its cursor goes on',
  async ({ list, who, shown }) => {
    const headers = who === 'a reader' ? reader.client.credentials : {};
    const client = await vitrine.db.connect();
    // A table this small may be scanned, or joined as a whole. What remains is where no index narrows the list.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    const pages: { items: { url: string }[]; nextCursor: string | null }[] = [];
    const tooMany: string[] = [];
    try {
      for (let cursor: string | null = ''; cursor !== null; cursor = pages.at(-1)!.nextCursor) {
        const url = `/api/${list}&limit=100${cursor && `&cursor=${cursor}`}`;
        const statements = await statementsOf(async () => {
          const { statusCode, body } = await app.inject({ url, headers });
          expect(statusCode).toBe(200);
          pages.push(JSON.parse(body));
        });
        for (const statement of pages.length > 4
          ? []
          : statements.filter(({ text }) => /^\s*(?:select|with)/i.test(text)))
          for (const mode of ['force_custom_plan', 'force_generic_plan'] as const) {
            const { rows, where } = await mostRowsOf(client, statement, mode);
            if (rows > walked + 200) tooMany.push(`page ${pages.length}, ${mode}: ${rows} rows, ${where}`);
          }
      }
    } finally {
      client.release(true);
    }
    expect(tooMany).toEqual([]);
    const found = pages.flatMap(({ items }) => items).map((item) => item.url);
    expect(found.length).toBe(shown);
    expect(new Set(found).size).toBe(shown);
    expect(found.every((url) => url.startsWith('q'))).toBe(true);
  },
  120_000,
);

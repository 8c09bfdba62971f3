import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { mostRowsOf } from '../setup/plan-rows.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

const shown = 2_000;
const hidden = 20_000;

let vitrine: Vitrine;
let app: Awaited<ReturnType<typeof apiInProcess>>;
let reader: Person;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  reader = await newPerson(vitrine);
  await vitrine.db.query(`
    set session_replication_role = replica;
    create table people as select i, uuidv7() as id from generate_series(0, 1999) i;
    insert into users (id, username, email, email_verified_at, password_hash, display_name)
      select id, 'u' || i, 'u' || i || '@example.org', now(), '-', 'u' from people;
    insert into medias (id, url, owner_id, type, visibility, status, shown, published_at)
      select uuidv7(make_interval(secs => s.i)), 'm' || lpad(s.i::text, 15, '0'), p.id, 'photo',
        case when s.i <= ${shown} then 'public' else 'private' end, 'ready', true, now()
      from generate_series(1, ${shown + hidden}) s (i) join people p on p.i = mod(s.i, 2000);
    insert into activities (media_id, actor_id, verb, type, reach, seq, fanout)
      select id, owner_id, 'post', type, reach, row_number() over (order by id), 'done' from medias;
    select setval('activities_seq', (select count(*) from activities));
    set session_replication_role = default`);
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
}, 180_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

it.each(['anonymous', 'signed in'] as const)(
  'where few medias are public, the global feed compares none with all: %s',
  async (who) => {
    const headers = who === 'anonymous' ? {} : reader.client.credentials;
    const client = await vitrine.db.connect();
    try {
      const statements = await statementsOf(async () => {
        const { statusCode, body } = await app.inject({ url: '/api/feeds/global?limit=20', headers });
        expect([statusCode, (JSON.parse(body) as { items: unknown[] }).items.length]).toEqual([200, 20]);
      });
      const feeds = statements.filter(({ text }) => text.includes('activities'));
      expect(feeds).toHaveLength(1);
      for (const mode of ['force_custom_plan', 'force_generic_plan'] as const) {
        const { rows, where } = await mostRowsOf(client, feeds[0]!, mode);
        expect(rows, `${where}, ${mode}`).toBeLessThanOrEqual(shown + hidden);
      }
    } finally {
      client.release(true);
    }
  },
  120_000,
);

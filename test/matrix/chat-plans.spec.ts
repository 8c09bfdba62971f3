import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { mostRowsOf } from '../setup/plan-rows.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

const chats = 3_000;
/** In the largest chat; one in nine has the word. */
const messages = 30_000;
/** In the one that comes first in the list, all unread and deleted by their sender. */
const tombstones = 30_000;
/** Rows that any node of a page of twenty may touch. */
const most = 700;

let vitrine: Vitrine;
let app: Awaited<ReturnType<typeof apiInProcess>>;
let reader: Person;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  reader = await newPerson(vitrine);
  await vitrine.db.query(`
    set session_replication_role = replica;
    create table people as select i, uuidv7(make_interval(secs => i)) as id from generate_series(1, ${chats}) i;
    insert into users (id, username, email, email_verified_at, password_hash, display_name)
      select id, 'u' || i, 'u' || i || '@example.org', now(), '-', 'u' from people;
    create table talks as select i, uuidv7() as id, id as other from people;
    create table said as
      select t.id as chat_id, s.seq, uuidv7(make_interval(secs => s.seq)) as id, case when mod(s.seq, 3) = 0 then '${reader.id}' else t.other end as sender, t.other
      from talks t cross join lateral generate_series(1, case when t.i = 1 then ${messages} else 3 end) as s (seq);
    insert into chats (id, low_id, high_id, last_seq)
      select id, least(other, '${reader.id}'), greatest(other, '${reader.id}'), (select max(seq) from said where chat_id = talks.id) from talks;
    insert into messages (chat_id, seq, id, sender_id, client_id, type, text)
      select chat_id, seq, id, sender, gen_random_uuid(), 'text', 'Word ' || seq || case when mod(seq, 9) = 0 then ' harbour' else '' end from said;
    insert into message_words (chat_id, seq, words)
      select s.chat_id, s.seq, search_words('', m.text) || array_to_tsvector(array[
        search_facet('member', s.other::text), search_facet('member', '${reader.id}')])
      from said s join messages m using (chat_id, seq);
    insert into chat_members (chat_id, user_id, partner_id, last_seq, last_read_seq, last_delivered_seq, last_message_id)
      select l.chat_id, x.me, x.partner, l.seq, l.seq, l.seq, l.id
      from (select distinct on (chat_id) * from said order by chat_id, seq desc) l
      cross join lateral (values (l.other, '${reader.id}'::uuid), ('${reader.id}'::uuid, l.other)) as x (me, partner);
    insert into messages (chat_id, seq, sender_id, client_id, type, deleted_at)
      select t.id, s, t.other, gen_random_uuid(), 'text', now()
      from talks t, generate_series(4, ${tombstones}) s where t.i = 2;
    update chats set last_seq = ${tombstones} where id = (select id from talks where i = 2);
    update chat_members set last_seq = ${tombstones}, last_message_id = uuidv7(interval '1 day') where chat_id = (select id from talks where i = 2);
    set session_replication_role = default`);
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
}, 180_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

it.each([
  ['the list', '/api/chats?limit=20'],
  ['the badge', '/api/chats/unread-count'],
  ['the messages of the largest chat', '/api/chats/u1/messages?limit=20'],
  ['those around one', '/api/chats/u1/messages?limit=20&around=MIDDLE'],
  ['a search for a rare word', '/api/chats/search?q=29999'],
])('%s reads no more than a page needs', async (_, address) => {
  const { rows: found } = await vitrine.db.query<{ id: string }>(`select id from messages where seq = ${messages / 2}`);
  const client = await vitrine.db.connect();
  try {
    const statements = await statementsOf(async () => {
      const url = address.replace('MIDDLE', found[0]!.id);
      const { statusCode, body } = await app.inject({ url, headers: reader.client.credentials });
      expect([statusCode, body.length > 20]).toEqual([200, true]);
    });
    const asked = statements.filter(({ text }) => /messages|chat_members/.test(text));
    expect(asked.length).toBeGreaterThan(0);
    for (const statement of asked)
      for (const mode of ['force_custom_plan', 'force_generic_plan'] as const) {
        const { rows, where } = await mostRowsOf(client, statement, mode);
        expect(rows, `${where}, ${mode}: ${statement.text.slice(0, 120)}`).toBeLessThanOrEqual(most);
      }
  } finally {
    client.release(true);
  }
});

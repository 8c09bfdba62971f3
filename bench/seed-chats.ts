import type pg from 'pg';
import { hot } from './seed.js';

/**
 * `n` messages: a tenth in the chat of the reader with the hot user, the others in chats of the reader with others (at
 * most 5,000, of one to some messages) and of others with each other. By plain INSERT … SELECT, without triggers.
 * @param reader the id of the reading user
 * @returns the id of the largest chat
 */
export async function seedChats(db: pg.Pool, n: number, reader: string): Promise<string> {
  const client = await db.connect();
  const chats = Math.max(n / 10, 1_000);
  const ofReader = 5_000;
  try {
    await client.query(`set session_replication_role = replica; set statement_timeout = 0`);
    // Chat 1 is the largest; up to `ofReader` the first member is the reader.
    await client.query(`
      create table seeded_people as select row_number() over (order by username = '${hot.user}' desc, id) as g, id from users where id <> '${reader}';
      create index on seeded_people (g);
      create table seeded_chats as
        select c.g, uuidv7(make_interval(secs => c.g - ${chats})) as id,
          case when c.g <= ${ofReader} then '${reader}'::uuid else a.id end as one, b.id as other
        from generate_series(1::bigint, ${chats}) as c (g)
        join seeded_people a on a.g = 2 + mod(c.g, 7)
        join seeded_people b on b.g = case when c.g = 1 then 1 else 10 + mod(c.g, 9000) end;
      create index on seeded_chats (g);
      create table seeded_messages as
        select g, uuidv7(make_interval(secs => g - ${n})) as id, case when mod(g, 10) = 0 then 1 else 1 + mod(g * 7919, ${chats}) end as chat
        from generate_series(1::bigint, ${n}) g;
      create table placed_messages as
        select m.id, c.id as chat_id, row_number() over (partition by c.id order by m.g)::int as seq,
          case when mod(m.g, 3) = 0 then c.other else c.one end as sender_id, c.one, c.other,
          'Message ' || m.g || case when mod(m.g, 9) = 0 then ' from the harbour' else '' end as text
        from seeded_messages m join seeded_chats c on c.g = m.chat;
      insert into chats (id, low_id, high_id, last_seq)
        select c.id, least(c.one, c.other), greatest(c.one, c.other), (select count(*) from placed_messages p where p.chat_id = c.id)
        from seeded_chats c where c.id in (select chat_id from placed_messages) on conflict do nothing;
      delete from placed_messages where chat_id not in (select id from chats);
      insert into chat_members (chat_id, user_id, partner_id, last_seq, last_read_seq, last_delivered_seq, last_message_id)
        select l.chat_id, x.me, x.partner, l.seq, l.seq - mod(l.seq, 2), l.seq, l.id
        from (select distinct on (chat_id) * from placed_messages order by chat_id, seq desc) l
        cross join lateral (values (l.one, l.other), (l.other, l.one)) as x (me, partner) on conflict do nothing;
      insert into messages (id, chat_id, seq, sender_id, client_id, type, text)
        select id, chat_id, seq, sender_id, gen_random_uuid(), 'text', text from placed_messages;
      insert into message_words (chat_id, seq, words)
        select chat_id, seq, search_words('', text) || array_to_tsvector(array[
          search_facet('member', one::text), search_facet('member', other::text)]) from placed_messages;`);
    const { rows } = await client.query<{ id: string }>('select id from seeded_chats where g = 1');
    await client.query('drop table seeded_people, seeded_chats, seeded_messages, placed_messages');
    await client.query('vacuum analyze chats, chat_members, messages, message_words');
    return rows[0]!.id;
  } finally {
    await client.query('reset all');
    client.release();
  }
}

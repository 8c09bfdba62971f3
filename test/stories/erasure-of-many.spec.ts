import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { say, type Person } from '../setup/chats.js';
import { bareMedias, expectTrueCounters, makePlaylist } from '../setup/playlists.js';
import { recount } from '../setup/recount.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Each of them did everything to every media of ada. */
const crowd = 10_000;
const messages = 20_000;
/** Rows that one statement may delete, with all that follows from it. */
const most = 5_000;
const ofMedias = ['saves', 'reposts', 'views', 'comments', 'comment_reactions'];
const watched = [
  ...ofMedias,
  'reactions',
  'activities',
  'notifications',
  'notification_entries',
  'messages',
  'message_hides',
];

let vitrine: Vitrine;
let people: Person[];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,fanout,mail,maintenance'] });
  people = [];
  for (let i = 0; i < 4; i++) people.push(await vitrine.signUp());
  await fill(`
    insert into users (email, username, password_hash, display_name)
    select 'crowd' || i || '@example.org', 'crowd' || i, 'x', 'x' from generate_series(1, ${crowd}) i`);
  // Triggers instead of a low timeout: how many rows a machine deletes in a second says nothing of the next.
  await vitrine.db.query(`
    create function refuse_too_many() returns trigger language plpgsql as $$
    declare
      statement text := statement_timestamp()::text;
      total int := (select count(*) from gone);
    begin
      if current_setting('test.statement', true) = statement then
        total := total + current_setting('test.gone')::int;
      end if;
      perform set_config('test.statement', statement, true), set_config('test.gone', total::text, true);
      if total > ${most} then raise exception '% rows deleted at once', total; end if;
      return null;
    end $$`);
  for (const table of watched)
    await vitrine.db.query(`
      create trigger refuse_too_many after delete on ${table} referencing old table as gone
      for each statement execute function refuse_too_many()`);
}, 120_000);
afterAll(() => vitrine.stop());

/** Inserts rows by the thousand, without the triggers that count them one by one. */
async function fill(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: vitrine.databaseUrl });
  await client.connect();
  await client.query('set session_replication_role = replica');
  for (const statement of statements) await client.query(statement);
  await client.end();
}
const count = async (from: string, ...values: unknown[]): Promise<number> =>
  (await vitrine.db.query(`select count(*)::int as n from ${from}`, values)).rows[0].n;
const idOf = async ({ username }: Person): Promise<string> =>
  (await vitrine.db.query('select id from users where username = $1', [username])).rows[0].id;
const close = (who: Person) =>
  who.send('DELETE', '/api/users/me', { currentPassword: 'correct horse battery' }).expect(204);
const gone = (id: string) => until(async () => !(await count('users where id = $1', id)), 'the account to be gone');

/** What the crowd does to medias of an owner. */
async function crowded(ownerId: string): Promise<void> {
  const medias = `(select * from medias where owner_id = '${ownerId}') m`;
  const each = `from ${medias}, users u where u.username like 'crowd%'`;
  const oldest = `(select * from medias where owner_id = '${ownerId}' order by id limit 1) m`;
  await fill(
    `insert into reactions (media_id, user_id, emoji) select m.id, u.id, '👍' ${each}`,
    `insert into saves (media_id, user_id) select m.id, u.id ${each}`,
    `insert into reposts (media_id, user_id) select m.id, u.id ${each}`,
    `insert into activities (media_id, actor_id, verb, type, seq, fanout)
      select m.id, u.id, 'repost', m.type, nextval('activities_seq'), 'done' ${each}`,
    `insert into views (media_id, viewer_key, pending) select m.id, gen_random_uuid(), 1 ${each}`,
    `insert into notifications (user_id, kind, in_app, media_id, actors_count) select u.id, 'media_published', true, m.id, 1 ${each}`,
    // Threads of ten, and one comment that the whole crowd likes: its author was notified of each.
    `with said as (
        select uuidv7() as id, row_number() over () as n, u.id as author_id, m.id as media_id
        from ${oldest}, users u where u.username like 'crowd%')
      insert into comments (id, url, media_id, author_id, parent_id, text)
        select id, substr(md5(media_id::text || n), 1, 16), media_id, author_id,
          lag(id) over (partition by n / 10 order by n), 'x' from said`,
    `insert into comment_reactions (comment_id, user_id, emoji)
      select c.id, u.id, '👍' from users u, ${oldest},
        lateral (select id from comments where media_id = m.id order by id desc limit 1) c where u.username like 'crowd%'`,
    `with line as (
        insert into notifications (user_id, kind, in_app, media_id, comment_id, actors_count)
        select c.author_id, 'comment_reaction', true, c.media_id, c.id, ${crowd} from ${oldest},
          lateral (select * from comments where media_id = m.id order by id desc limit 1) c returning *)
      insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, mail)
      select line.id, line.user_id, u.id, 'comment_reaction', line.comment_id, false
      from line, users u where u.username like 'crowd%'`,
    `update comments c set reactions_count = ${crowd}, likes_count = ${crowd}
      where id in (select comment_id from comment_reactions)`,
    `update comments c set replies_count = (select count(*) from comments r where r.parent_id = c.id)`,
    `update medias m set (likes_count, reactions_count) = (select count(*), count(*) from reactions where media_id = m.id),
      reposts_count = (select count(*) from reposts where media_id = m.id),
      saves_count = (select count(*) from saves where media_id = m.id),
      comments_count = (select count(*) from comments where media_id = m.id)`,
  );
}

it('an account goes, whatever others did to what it published, and leaves right counts', async () => {
  const [ada, bob] = [people[0]!, people[1]!];
  const adaId = await idOf(ada);
  const medias = await bareMedias(vitrine, ada, 6);
  const [mine] = await bareMedias(vitrine, bob, 1);
  for (const url of [...medias, mine]) await bob.post(`/api/medias/${url}/likes`).expect(201);
  await ada.post(`/api/medias/${mine}/likes`).expect(201);
  const playlist = await makePlaylist(bob);
  for (const url of [...medias, mine]) await bob.post(`/api/medias/${url}/playlists/${playlist.url}`).expect(201);
  await crowded(adaId);
  expect(await count('reactions')).toBe(6 * crowd + 8);

  await close(ada);
  // What its author takes back meanwhile.
  for (const url of medias) expect([204, 404]).toContain((await bob.delete(`/api/medias/${url}/likes`)).status);
  await gone(adaId);

  expect(await count('medias where owner_id = $1', adaId)).toBe(0);
  for (const table of ofMedias) expect([table, await count(table)]).toEqual([table, 0]);
  expect(await count('reactions')).toBe(1);
  expect((await bob.get(`/api/medias/${mine}`).expect(200)).body.counts).toMatchObject({ likes: 1, reactions: 1 });
  expect((await bob.get(`/api/playlists/${playlist.url}`).expect(200)).body.counts).toMatchObject({ items: 1 });
  await expectTrueCounters(vitrine);
  expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
}, 240_000);

it('a media that everybody likes can be deleted', async () => {
  const cleo = people[2]!;
  const [media] = await bareMedias(vitrine, cleo, 1);
  await crowded(await idOf(cleo));
  await cleo.delete(`/api/medias/${media}`).expect(204);
  await cleo.get(`/api/medias/${media}`).expect(404);
  for (const table of ofMedias) expect([table, await count(table)]).toEqual([table, 0]);
  expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
}, 120_000);

it('a chat goes with the second of its members, however long it is', async () => {
  const [dan, eve] = [people[3]!, people[2]!];
  const ids = [await idOf(dan), await idOf(eve)];
  await say(dan, eve, 'Hello');
  const { chat } = (await dan.get(`/api/chats/${eve.username}`).expect(200)).body;
  await fill(
    `insert into messages (chat_id, seq, sender_id, client_id, type, text)
      select '${chat.id}', i, ('{${ids.join()}}'::uuid[])[1 + mod(i, 2)], gen_random_uuid(), 'text', 'x'
      from generate_series(2, ${messages}) i`,
    `insert into message_hides (user_id, chat_id, seq) select '${ids[0]}', '${chat.id}', i from generate_series(1, 5000) i`,
    `update chats set last_seq = ${messages} where id = '${chat.id}'`,
    `update chat_members set last_seq = ${messages} where chat_id = '${chat.id}'`,
  );
  await close(dan);
  await gone(ids[0]!);
  expect((await eve.get(`/api/chats/${chat.id}`).expect(200)).body.chat).toMatchObject({ with: null });
  expect(await count('messages where chat_id = $1 and sender_id = $2', chat.id, ids[1])).toBe(messages / 2 - 1);
  await close(eve);
  await gone(ids[1]!);
  expect(await count('messages where chat_id = $1', chat.id)).toBe(0);
  expect(await count('chats where id = $1', chat.id)).toBe(0);
}, 240_000);

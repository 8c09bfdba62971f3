import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { bareMedias } from '../setup/playlists.js';
import { mostRowsOf } from '../setup/plan-rows.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

/** Of one media, one comment, one user and so on: all others have one or two. */
const many = 10_000;
const blocked = 100;
/** A page of twenty, and of a popular item one row for each user whom the reader blocks. */
const most = 1_500;

let vitrine: Vitrine;
let app: Awaited<ReturnType<typeof apiInProcess>>;
let reader: Person;
let media: string;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  const fan = await newPerson(vitrine);
  reader = await newPerson(vitrine);
  [media] = (await bareMedias(vitrine, fan, 1)) as [string];
  const { body } = await fan.client.post(`/api/comments/medias/${media}`, { text: 'First' }).expect(201);
  const [hot, comment] = [
    `(select id from medias where url = '${media}')`,
    `(select id from comments where url = '${body.url}')`,
  ];
  await vitrine.db.query(`
    set session_replication_role = replica;
    create table people as select i, uuidv7() as id from generate_series(1, ${many}) i;
    insert into users (id, username, email, email_verified_at, password_hash, display_name)
      select id, 'u' || i, 'u' || i || '@example.org', now(), '-', 'u' from people;
    insert into medias (id, url, owner_id, type, visibility, status, shown, reactions_count, reposts_count)
      select uuidv7(), 'm' || i, id, 'photo', 'public', 'ready', true, 2, 2 from people;
    insert into reactions (media_id, user_id, emoji)
      select m.id, p.id, '👍' from medias m cross join lateral (select id from people where people.id = m.owner_id) p where m.url like 'm%';
    insert into reactions (media_id, user_id, emoji) select ${hot}, id, '👍' from people on conflict do nothing;
    insert into reposts (media_id, user_id) select ${hot}, id from people;
    insert into reposts (media_id, user_id) select id, '${fan.id}' from medias;
    insert into reposts (media_id, user_id) select id, owner_id from medias where url like 'm%';
    insert into comment_reactions (comment_id, user_id, emoji) select ${comment}, id, '👍' from people;
    update medias set reactions_count = ${many}, likes_count = ${many}, reposts_count = ${many} + 1 where id = ${hot};
    insert into tags (name, medias_count) select 'tag' || i, 1 from people;
    insert into tags (name, medias_count) values ('hot', ${many});
    insert into media_tags (media_id, tag_id, owner_id, type, reach)
      select m.id, t.id, m.owner_id, m.type, m.reach from medias m join tags t on t.name in ('hot', 'tag' || substr(m.url, 2)) where m.url like 'm%';
    insert into comments (url, media_id, author_id, text) select 'c' || i, ${hot}, id, 'So do I' from people;
    insert into comments (url, media_id, author_id, text) select 'd' || i, m.id, p.id, 'Well' from people p join medias m on m.owner_id = p.id;
    update medias set comments_count = ${many} + 1 where id = ${hot};
    insert into follows (follower_id, followee_id, accepted_at) select id, '${fan.id}', now() from people;
    insert into follows (follower_id, followee_id, accepted_at) select a.id, b.id, now() from people a join people b on b.i = a.i + 1;
    update users set followers_count = ${many} where id = '${fan.id}';
    insert into playlists (url, owner_id, title, items_count) values ('popular', '${fan.id}', 'Evenings', ${many});
    insert into playlists (url, owner_id, title, items_count) select 'p' || i, id, 'Mornings', 1 from people;
    insert into playlist_items (playlist_id, media_id, owner_id, rank)
      select (select id from playlists where url = 'popular'), id, owner_id, 'a' || lpad(substr(url, 2), 6, '0') from medias where url like 'm%';
    insert into playlist_items (playlist_id, media_id, owner_id, rank)
      select p.id, m.id, m.owner_id, 'a' from playlists p join medias m on m.owner_id = p.owner_id where p.url <> 'popular';
    update comments set reactions_count = ${many}, likes_count = ${many} where id = ${comment};
    insert into blocks (blocker_id, blocked_id) select '${reader.id}', id from people where i <= ${blocked};
    insert into blocks (blocker_id, blocked_id) select a.id, b.id from people a join people b on b.i - a.i between 1 and 5;
    insert into mutes (muter_id, muted_id) select a.id, b.id from people a join people b on b.i - a.i between 1 and 5;
    set session_replication_role = default`);
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
  lists.set('a media', `/api/medias/${media}`);
  lists.set('its comments', `/api/comments/medias/${media}?sort=most-liked&limit=20`);
  lists.set('a tag', '/api/tags/hot');
  lists.set('a search for tags', '/api/search?type=tags&q=hot');
  lists.set('a profile', `/api/users/${fan.username}`);
  lists.set('a playlist', '/api/playlists/popular');
  lists.set('reposts of a user', `/api/users/${fan.username}/reposts?limit=20`);
}, 180_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

const lists = new Map<string, string>();
const read = async (name: string) => {
  const { statusCode, body } = await app.inject({ url: lists.get(name)!, headers: reader.client.credentials });
  expect(statusCode).toBe(200);
  return JSON.parse(body);
};

it('counts leave out those whom a reader blocks, of popular things, too', async () => {
  expect((await read('a media')).counts).toMatchObject({
    likes: many - blocked,
    reactions: many - blocked,
    reposts: many + 1 - blocked,
    comments: many + 1 - blocked,
  });
  expect((await read('a tag')).counts.medias).toBe(many - blocked);
  expect((await read('a profile')).counts.followers).toBe(many - blocked);
  expect((await read('a playlist')).counts.items).toBe(many - blocked);
  expect((await read('its comments')).items[0].counts).toMatchObject({ likes: many - blocked });
});

it.each([...['a media', 'its comments', 'a tag', 'a search for tags', 'a profile', 'a playlist', 'reposts of a user']])(
  '%s: reads a bounded number of rows',
  async (name) => {
    const client = await vitrine.db.connect();
    // A table this small may be scanned, or joined as a whole. What remains is where no index narrows the list.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    const tooMany: string[] = [];
    try {
      const statements = await statementsOf(() => read(name));
      for (const statement of statements.filter(({ text }) => /^\s*(?:select|with)/i.test(text)))
        for (const mode of ['force_custom_plan', 'force_generic_plan'] as const) {
          const { rows, where } = await mostRowsOf(client, statement, mode);
          if (rows > most) tooMany.push(`${mode}: ${rows} rows, ${where}`);
        }
    } finally {
      client.release(true);
    }
    expect(tooMany).toEqual([]);
  },
);

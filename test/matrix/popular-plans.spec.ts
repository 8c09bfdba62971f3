import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { bareMedias } from '../setup/playlists.js';
import { mostRowsOf } from '../setup/plan-rows.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

/** Of one media, one comment and one user: all others have two. */
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
    update comments set reactions_count = ${many}, likes_count = ${many} where id = ${comment};
    insert into blocks (blocker_id, blocked_id) select '${reader.id}', id from people where i <= ${blocked};
    insert into blocks (blocker_id, blocked_id) select a.id, b.id from people a join people b on b.i - a.i between 1 and 5;
    insert into mutes (muter_id, muted_id) select a.id, b.id from people a join people b on b.i - a.i between 1 and 5;
    set session_replication_role = default`);
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
  lists.set('a media', `/api/medias/${media}`);
  lists.set('its comments', `/api/comments/medias/${media}?limit=20`);
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
  });
  expect((await read('its comments')).items[0].counts).toMatchObject({ likes: many - blocked });
});

it.each(['a media', 'its comments', 'reposts of a user'])('%s: reads a bounded number of rows', async (name) => {
  const client = await vitrine.db.connect();
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
});

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { amounts, type AmountName } from '../../src/platform/limits/amounts.js';
import type { Json } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let bob: Account;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob] = (await Promise.all([vitrine.signUp(), vitrine.signUp()])) as [Account, Account];
});
afterAll(() => vitrine.stop());

const password = 'correct horse battery';
const idOf = async (table: string, column: string, name: string): Promise<string> =>
  (await vitrine.db.query(`select id from ${table} where ${column} = $1`, [name])).rows[0].id;
const quota = async (client: Account) => (await client.get('/api/users/me/limits').expect(200)).body.total.usedBytes;

/** Inserts rows by the thousand, without the triggers that count them one by one. */
async function fill(statement: string, ...values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: vitrine.databaseUrl });
  await client.connect();
  await client.query('set session_replication_role = replica');
  await client.query(statement, values);
  await client.end();
}

it('the table of limits is shown', async () => {
  const { body } = await ada.get('/api/users/me/limits').expect(200);
  expect(body.amounts.map(({ name, max }: Json) => [name, max])).toEqual(
    Object.entries(amounts).map(([name, { max }]) => [name, max]),
  );
});

describe('subtitles', () => {
  const languages = [...'abcdefghijklmnopqrstuvwxyz'].flatMap((a) => [`${a}a`, `${a}n`]);
  const put = (url: string, language: string, words = 'Hello') =>
    ada.send(
      'PUT',
      `/api/medias/${url}/subtitles/${language}`,
      Buffer.from(`1\n00:00:00,500 --> 00:00:02,000\n${words}\n`),
      {
        'content-type': 'application/x-subrip',
      },
    );

  it('are limited to 32 per media, also in parallel, and their bytes are charged', async () => {
    const media = await ada.publish('video', await video('64x36', 1));
    const before = await quota(ada);
    const answers = await Promise.all(languages.slice(0, 40).map((language) => put(media.url, language)));
    const added = answers.filter(({ status }) => status === 201);
    expect(added).toHaveLength(amounts.subtitles.max);
    const refused = answers.find(({ status }) => status !== 201)!;
    expect(refused.body).toMatchObject({ status: 409, code: 'limit_reached' });
    expect(refused.body.detail).toMatch(/A media may have at most 32 subtitle tracks/);

    const taken = added[0]!.body.language as string;
    await put(media.url, taken, 'Hello again').expect(200);
    const { rows } = await vitrine.db.query(`select sum(bytes)::int as bytes from renditions where role = 'subtitles'`);
    expect((await quota(ada)) - before).toBe(rows[0].bytes);
    await ada.delete(`/api/medias/${media.url}/subtitles/${taken}`).expect(204);
    await put(media.url, 'zu').expect(201);
    // Refused ones leave no bytes.
    const stored = (await vitrine.stored()).filter((path) => path.includes('/subtitles/'));
    expect(stored.length).toBeLessThanOrEqual(amounts.subtitles.max + 2);

    const file = (await ada.get(`/api/files/${media.files[0].url}`).expect(200)).body.bytes as number;
    await ada.delete(`/api/medias/${media.url}`).expect(204);
    expect(await quota(ada)).toBe(before - file);
  });

  it('can have any language tag, of any length, and leave no bytes if they can’t be stored', async () => {
    const media = await ada.publish('video', await video('64x36', 1.4));
    const long = ['en-u-nu-latn', 'de-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd', 'zh-Hant-TW-x-aaaaaaaa-bbbbbbbb-cccc'];
    expect(Math.max(...long.map((language) => language.length))).toBe(35);
    for (const language of long) {
      const { body } = await put(media.url, language).expect(201);
      expect(body.language).toBe(language);
      await ada.get(body.href).expect(200);
    }
    const stored = async () => (await vitrine.stored()).filter((path) => path.includes('/subtitles/')).length;
    const before = [await stored(), await quota(ada)];
    await vitrine.db.query(`alter table renditions add constraint none_in_yiddish check (name <> 'yi')`);
    // No 500 is documented: the helper reports it.
    await expect((async () => put(media.url, 'yi'))()).rejects.toThrow('500 is not declared');
    await vitrine.db.query('alter table renditions drop constraint none_in_yiddish');
    expect([await stored(), await quota(ada)]).toEqual(before);
    await ada.delete(`/api/medias/${media.url}`).expect(204);
  });

  it.each(['not a language', 'x', `en-${'a'.repeat(33)}`, 'en-x-'.repeat(10)])(
    'can not have the language %j',
    async (language) => {
      const media = await ada.publish('video', await video('64x36', 1.2));
      await put(media.url, encodeURIComponent(language)).expect(422, 'validation_failed');
      await ada.delete(`/api/medias/${media.url}`).expect(204);
    },
  );
});

describe('an account can not add without limit', () => {
  let media: Json;
  let adaId: string;
  beforeAll(async () => {
    media = await bob.publish('photo', await picture(40, 30).png().toBuffer());
    adaId = await idOf('users', 'username', ada.username);
    await fill(
      `insert into users (email, username, password_hash, display_name, locale)
       select 'crowd' || i || '@example.org', 'crowd' || i, 'x', 'x', 'en' from generate_series(1, ${amounts.blocks.max}) i`,
    );
    await fill(
      `insert into medias (url, owner_id, type, title, description, visibility, status)
       select 'm' || i, id, 'photo', '', '', 'public', 'ready' from users, generate_series(1, ${amounts.saves.max}) i where username = 'crowd1'`,
    );
  }, 120_000);

  const crowd = (columns: string, value: string) =>
    `insert into ${columns} select ${value} from users where username like 'crowd%'`;
  const ofMedias = (table: string) =>
    `insert into ${table} (media_id, user_id) select id, $1 from medias where url like 'm%' and length(url) < 16 limit ${amounts.saves.max}`;

  const cases: [AmountName, fill: string, add: () => ReturnType<Account['post']>, again: string][] = [
    [
      'followings',
      crowd('follows (follower_id, followee_id, accepted_at)', '$1, id, now()'),
      () => ada.post(`/api/follows/${bob.username}`),
      '/api/follows/crowd7',
    ],
    [
      'mutes',
      crowd('mutes (muter_id, muted_id)', '$1, id'),
      () => ada.post(`/api/mutes/${bob.username}`),
      '/api/mutes/crowd7',
    ],
    ['saves', ofMedias('saves'), () => ada.post(`/api/medias/${media.url}/saves`), ''],
    ['reposts', ofMedias('reposts'), () => ada.post(`/api/medias/${media.url}/reposts`), ''],
    ['blocks', crowd('blocks (blocker_id, blocked_id)', '$1, id'), () => ada.post(`/api/blocks/${bob.username}`), ''],
  ];
  it.each(cases)(
    '%s',
    async (name, statement, add, again) => {
      await fill(statement, adaId);
      const { body } = await add().expect(409, 'limit_reached');
      expect(body.detail).toContain(`${amounts[name].max} ${amounts[name].what}`);
      // Adding it again is always allowed.
      if (again) await ada.post(again).expect(200);
      const table = name === 'followings' ? 'follows' : name;
      await fill(`delete from ${table}`);
      await add().expect(201);
      await fill(`delete from ${table}`);
    },
    120_000,
  );

  it('playlists, and their items', async () => {
    const { body: playlist } = await ada.post('/api/playlists', { title: 'one' }).expect(201);
    await fill(
      `insert into playlist_items (playlist_id, media_id, owner_id, rank, note)
       select $1, id, owner_id, 'd' || lpad((row_number() over () - 1)::text, 4, '0'), '' from medias where url like 'm%' and length(url) < 16 limit ${amounts.items.max}`,
      await idOf('playlists', 'url', playlist.url),
    );
    await ada.post(`/api/medias/${media.url}/playlists/${playlist.url}`).expect(409, 'limit_reached');
    await fill(
      `insert into playlists (url, owner_id, title, description, type, visibility)
       select 'p' || i, $1, 'x', '', 'any', 'public' from generate_series(2, ${amounts.playlists.max}) i`,
      adaId,
    );
    await ada.post('/api/playlists', { title: 'one too many' }).expect(409, 'limit_reached');
  });

  it('comments on one media', async () => {
    await fill(
      `insert into comments (url, media_id, author_id, text) select 'c' || i, $1, $2, 'x' from generate_series(1, ${amounts.commentsOfOne.max}) i`,
      await idOf('medias', 'url', media.url),
      adaId,
    );
    await ada.post(`/api/comments/medias/${media.url}`, { text: 'once more' }).expect(409, 'limit_reached');
    await bob.post(`/api/comments/medias/${media.url}`, { text: 'mine' }).expect(201);
  });

  it('nested comments', async () => {
    const other = await bob.publish('photo', await picture(43, 30).png().toBuffer());
    const thread = Array.from({ length: amounts.commentsAbove.max + 1 }, (_, i) => `t${i + 1}`);
    await fill(
      `with ids as (select uuidv7() as id, url, n from unnest($3::text[]) with ordinality as urls (url, n))
       insert into comments (id, url, media_id, author_id, parent_id, text)
       select id, url, $1, $2, lag(id) over (order by n), 'x' from ids`,
      await idOf('medias', 'url', other.url),
      adaId,
      thread,
    );
    const answer = (replyTo: string) => bob.post(`/api/comments/medias/${other.url}`, { text: 'deeper', replyTo });
    await answer(thread.at(-1)!).expect(409, 'limit_reached');
    await answer(thread.at(-2)!).expect(201);
  });

  it('messages of a chat that are deleted for oneself alone', async () => {
    const { max } = amounts.hiddenMessages;
    await bob.post(`/api/follows/${ada.username}`).expect(201);
    const messages = `/api/chats/${bob.username}/messages`;
    const say = async () =>
      (await ada.post(messages, { clientId: randomUUID(), type: 'text', text: 'Hello' }).expect(201)).body.id as string;
    await say();
    const { body: chat } = await ada.get(`/api/chats/${bob.username}`).expect(200);
    await fill(
      `insert into messages (chat_id, seq, client_id, sender_id, type, text)
       select $1, i, gen_random_uuid(), $2, 'text', 'x' from generate_series(2, ${max + 1}) i`,
      chat.chat.id,
      adaId,
    );
    await fill(`update chats set last_seq = ${max + 1} where id = $1`, chat.chat.id);
    await fill(`update chat_members set last_seq = ${max + 1} where chat_id = $1`, chat.chat.id);
    await fill(
      `insert into message_hides (user_id, chat_id, seq) select $2, $1, i from generate_series(1, ${max}) i`,
      chat.chat.id,
      adaId,
    );
    const one = await say();
    const { body } = await ada.delete(`${messages}/${one}?for=me`).expect(409, 'limit_reached');
    expect(body.detail).toContain(`${max} ${amounts.hiddenMessages.what}. Delete the whole chat`);
    await ada.delete(`${messages}/${one}?for=everyone`).expect(204);
    await bob.delete(`/api/chats/${ada.username}/messages/${one}?for=me`).expect(204);
    // What the answer advises.
    await ada.delete(`/api/chats/${bob.username}`).expect(204);
    await ada.delete(`${messages}/${await say()}?for=me`).expect(204);
  });

  it('medias', async () => {
    await fill(
      `insert into medias (url, owner_id, type, title, description, visibility, status)
       select 'n' || i, $1, 'photo', '', '', 'private', 'ready' from generate_series(1, ${amounts.medias.max}) i`,
      adaId,
    );
    const { body: file } = await ada.upload('photo', await picture(41, 30).png().toBuffer()).expect(202);
    await ada.post('/api/medias', { type: 'photo', files: [file.url] }).expect(409, 'limit_reached');
  }, 120_000);

  it('sessions: one more ends the least recently used one', async () => {
    const id = await idOf('users', 'username', bob.username);
    await fill(
      `insert into sessions (user_id, refresh_hash, device, address, expires_at, last_used_at)
       select $1, i::text, 'crowd', '', now() + interval '1 day', now() - i * interval '1 minute' from generate_series(1, 300) i`,
      id,
    );
    await vitrine.client().post('/api/users/sign-in', { usernameOrEmail: bob.username, password }).expect(200);
    const { rows } = await vitrine.db.query(
      `select count(*)::int as count, count(*) filter (where device = 'crowd')::int as crowd from sessions where user_id = $1`,
      [id],
    );
    expect(rows[0].count).toBe(amounts.sessions.max);
    expect(rows[0].crowd).toBeLessThan(amounts.sessions.max);
  });
});

describe('retrying a failed file', () => {
  it('is allowed five times a day, by request or by sending it again', async () => {
    const limited = await Vitrine.start({ env: { RATE_LIMIT_FACTOR: '1' } });
    try {
      const eve = await limited.signUp();
      const photo = await picture(80, 60).png().toBuffer();
      const { body: file } = await eve.upload('photo', photo).expect(202);
      const fail = async () => {
        await eve.settled(file.url);
        await limited.db.query(`update files set status = 'failed', failure_code = 'internal' where url = $1`, [
          file.url,
        ]);
      };
      await fail();
      for (let i = 0; i < 5; i++) {
        if (i % 2) expect((await eve.upload('photo', photo).expect(200)).body.status).toBe('processing');
        else await eve.post(`/api/files/${file.url}/retry`).expect(202);
        await fail();
      }
      const { headers } = await eve.post(`/api/files/${file.url}/retry`).expect(429, 'too_many_requests');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(80_000);
      const { body: again } = await eve.upload('photo', photo).expect(200);
      expect(again).toMatchObject({ url: file.url, status: 'failed' });
    } finally {
      await limited.stop();
    }
  });
});

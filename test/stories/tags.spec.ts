import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Client & { username: string };
let vitrine: Vitrine;
let ada: User;
let bob: User;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  [ada, bob] = (await Promise.all([vitrine.signUp(), vitrine.signUp()])) as [User, User];
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

/**
 * Inserts a row as publishing does.
 * @returns the url
 */
async function media({ title = '', type = 'photo', visibility = 'public', owner = ada, views = 0 }): Promise<string> {
  const { rows } = await vitrine.db.query(
    `insert into medias (url, owner_id, type, title, visibility, status, shown, published_at, views_count)
     select $1, id, $3, $4, $5, 'ready', true, now(), $6 from users where username = $2 returning url`,
    [randomBytes(8).toString('hex'), owner.username, type, title, visibility, views],
  );
  return rows[0].url;
}
const urls = ({ items }: Json): string[] => items.map(({ url }: Json) => url);
/** A unique word, similar to nothing else. */
const word = () => Array.from(randomBytes(12), (byte) => String.fromCharCode(97 + (byte % 26))).join('');

it('tags are found by prefix, or in spite of an error, the most used first', async () => {
  const name = word();
  const [one, two, three] = [await media({ title: '1' }), await media({ title: '2' }), await media({ title: '3' })];
  const hidden = await media({ title: '4', visibility: 'private' });
  for (const [url, tag] of [
    [one, name],
    [one, `${name}many`],
    [two, `${name}many`],
    [three, `${name}few`],
    [hidden, `${name}hidden`],
  ])
    await ada.post(`/api/medias/${url}/tag/${tag}`).expect(201);
  const seen = async (q: string, more = '') =>
    (await anybody.get(`/api/search?type=tags&q=${q}${more}`).expect(200)).body;
  expect((await seen(name)).items).toEqual([
    { name, counts: { medias: 1 } },
    { name: `${name}many`, counts: { medias: 2 } },
    { name: `${name}few`, counts: { medias: 1 } },
  ]);
  expect((await seen(`%23${name.toUpperCase()}`)).items).toHaveLength(3);
  const first = await seen(name, '&limit=2');
  expect((await seen(name, `&limit=2&cursor=${first.nextCursor}`)).items).toEqual([
    { name: `${name}few`, counts: { medias: 1 } },
  ]);
  expect((await seen(`${name.slice(0, 6)}xx${name.slice(6)}`)).items[0].name).toBe(name);
  expect((await anybody.get(`/api/tags/${name}`).expect(200)).body).toEqual({ name, counts: { medias: 1 } });
  await anybody.get(`/api/tags/${name}hidden`).expect(404, 'tag_not_found');
  await anybody.get(`/api/tags/${word()}/medias`).expect(200);
  for (const client of [anybody, ada])
    expect((await client.get(`/api/tags/${name}hidden/medias`).expect(200)).body.items).toEqual([]);
  await anybody.get(`/api/tags/${word()}`).expect(404, 'tag_not_found');
  await anybody.get('/api/tags/a%20b').expect(422);
});

it('tags list their medias, the newest first', async () => {
  const name = word();
  const made: string[] = [];
  for (let i = 0; i < 7; i++) {
    made.unshift(await media({ title: `${i}`, owner: i % 2 ? ada : bob }));
    await (i % 2 ? ada : bob).post(`/api/medias/${made[0]}/tag/${name}`).expect(201);
  }
  expect(urls({ items: await anybody.all(`/api/tags/${name}/medias`, 3) })).toEqual(made);
  expect(urls((await anybody.get(`/api/medias?tag=${name}`)).body)).toEqual(made);
  expect(urls((await anybody.get(`/api/medias?tag=${name}&sort=oldest&limit=2`)).body)).toEqual(
    made.toReversed().slice(0, 2),
  );
  await ada.post(`/api/blocks/${bob.username}`).expect(201);
  expect(urls((await bob.get(`/api/tags/${name}/medias`)).body)).toHaveLength(4);
  await ada.delete(`/api/blocks/${bob.username}`).expect(204);
});

it('tags list the medias of one user or type, in every order, whether many or few', async () => {
  const name = word();
  const views = [30, 10, 20, 40];
  const made: string[] = [];
  for (const [i, seen] of views.entries()) {
    const owner = i % 2 ? bob : ada;
    made.push(await media({ owner, type: i < 2 ? 'photo' : 'music', views: seen }));
    await owner.post(`/api/medias/${made[i]}/tag/${name}`).expect(201);
  }
  const hidden = await media({ visibility: 'private', views: 50 });
  await ada.post(`/api/medias/${hidden}/tag/${name}`).expect(201);
  const seen = async (query: string, client: Client = anybody) => {
    const found = urls({ items: await client.all(`/api/medias?tag=${name}&${query}`, 2) });
    return found.map((url) => [...made, hidden].indexOf(url));
  };
  const all = async () => {
    expect(await seen('sort=most-viewed')).toEqual([3, 0, 2, 1]);
    expect(await seen('sort=least-viewed')).toEqual([1, 2, 0, 3]);
    expect(await seen('sort=most-viewed&type=music')).toEqual([3, 2]);
    expect(await seen('type=photo')).toEqual([1, 0]);
    expect(await seen('sort=oldest&type=music')).toEqual([2, 3]);
    expect(await seen(`username=${ada.username}`)).toEqual([2, 0]);
    expect(await seen(`username=${ada.username}&sort=most-viewed`)).toEqual([0, 2]);
    expect(await seen('username=me', ada)).toEqual([4, 2, 0]);
    expect(await seen('username=me&sort=most-viewed', ada)).toEqual([4, 0, 2]);
    expect(await seen(`username=${bob.username}&type=music&sort=most-liked`)).toEqual([3]);
  };
  await all();
  // Too many to be sorted; nobody else sees them.
  await vitrine.db.query(
    `with made as (
       insert into medias (url, owner_id, type, title, visibility, status, shown)
       select 'other' || g, u.id, (array['photo', 'music'])[1 + g % 2], '', 'private', 'ready', true
       from users u, generate_series(1, 4200) g where u.username = $1 returning id)
     insert into media_tags (media_id, tag_id) select made.id, t.id from made, tags t where t.name = $2`,
    [bob.username, name],
  );
  await all();
});

it('tags without medias are deleted, unless somebody uses one meanwhile', async () => {
  const [used, hidden, unused, young] = [word(), word(), word(), word()];
  await ada.post(`/api/medias/${await media({})}/tag/${used}`).expect(201);
  await ada.post(`/api/medias/${await media({ visibility: 'private' })}/tag/${hidden}`).expect(201);
  await vitrine.db.query('insert into tags (name) values ($1), ($2)', [unused, young]);
  await vitrine.db.query(`update tags set created_at = now() - interval '2 days' where name <> $1`, [young]);
  const left = async () => {
    const all = [used, hidden, unused, young];
    const { rows } = await vitrine.db.query('select name from tags where name = any($1)', [all]);
    return all.filter((name) => rows.some((row) => row.name === name));
  };
  // Changing a media may leave thirty names behind: they are deleted soon.
  const late = word();
  await vitrine.db.query(`insert into tags (name, created_at) values ($1, now() - interval '11 minutes')`, [late]);
  const sweeper = await vitrine.db.connect();
  const taken = await media({});
  await sweeper.query('begin');
  await sweeper.query('select 1 from tags where name = $1 for update', [unused]);
  const answer = ada.post(`/api/medias/${taken}/tag/${unused}`);
  await until(async () => {
    const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return (await vitrine.db.query(waits)).rowCount;
  }, 'the media to wait for its tag');
  await sweeper.query('delete from tags where name = $1', [unused]);
  await sweeper.query('commit');
  sweeper.release();
  await answer.expect(201);
  expect((await anybody.get(`/api/medias/${taken}`)).body.tags).toEqual([unused]);

  const names = Array.from({ length: 1_500 }, (_, i) => `${word()}${i}`);
  await vitrine.db.query(
    `insert into tags (name, created_at) select n, now() - interval '2 days' from unnest($1::text[]) n`,
    [names],
  );
  await vitrine.db.query(`delete from media_tags where media_id = (select id from medias where url = $1)`, [taken]);
  await vitrine.db.query(`update tags set created_at = now() - interval '2 days' where name = $1`, [unused]);
  await vitrine.doNow('tags.sweep');
  const gone = [unused, late, ...names];
  await until(
    async () => (await vitrine.db.query('select 1 from tags where name = any($1)', [gone])).rowCount === 0,
    'the sweep',
  );
  expect(await left()).toEqual([used, hidden, young]);
});

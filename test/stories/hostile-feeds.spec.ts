import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { Vitrine } from '../setup/vitrine.js';

const followings = 1_500;
const postsOfEach = 40;
const popular = 300;
const hidden = 3_000;

let vitrine: Vitrine;
let eve: Person;
let loner: Person;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  [eve, loner] = [await newPerson(vitrine), await newPerson(vitrine)];
  const { db } = vitrine;
  await db.query(`insert into users (username, email, email_verified_at, password_hash, display_name)
    select 'star' || i, 'star' || i || '@example.org', now(), '-', 'Star' from generate_series(1, ${followings}) i`);
  await db.query(
    `insert into follows (follower_id, followee_id, accepted_at) select $1, id, now() from users where username like 'star%'`,
    [eve.id],
  );
  // Bulk rows without triggers, numbered as these would.
  const client = await db.connect();
  await client.query(`set session_replication_role = replica;
    insert into medias (url, owner_id, type, shown, status)
      select 'm' || i || 'of' || u.username, u.id, 'photo', true, 'ready' from generate_series(1, ${postsOfEach}) i, users u
      where u.username like 'star%';
    insert into activities (media_id, actor_id, verb, type, reach, seq, fanout)
      select id, owner_id, 'post', type, reach, row_number() over (order by id), 'done' from medias;
    insert into reposts (media_id, user_id)
      select m.id, u.id from (select id from medias order by id desc limit ${popular}) m, users u
      where u.username like 'star%' and substr(u.username, 5)::int <= 400 on conflict do nothing;
    insert into activities (media_id, actor_id, verb, type, seq, fanout)
      select media_id, user_id, 'repost', 'photo', (select max(seq) from activities) + row_number() over (order by id), 'done' from reposts;
    update medias m set reposts_count = 400 where exists (select from reposts r where r.media_id = m.id);
    select setval('activities_seq', (select max(seq) from activities))`);
  client.release(true);
  await db.query('vacuum (analyze)');
}, 240_000);
afterAll(() => vitrine.stop());

const read = async (address: string) => (await eve.client.get(`/api/feeds/${address}`).expect(200)).body;

it('a timeline of thousands of sources and of medias that hundreds reposted is read in any state, to its end', async () => {
  const { rows } = await vitrine.db.query<{ url: string }>(
    'select m.url from activities a join medias m on m.id = a.media_id group by m.url order by max(a.seq) desc limit 100',
  );
  const due = rows.map(({ url }) => url);
  const first = await read('timeline?limit=100');
  expect(first.items.map(({ url }: { url: string }) => url)).toEqual(due.slice(0, first.items.length));
  expect(first.items.length).toBeGreaterThan(20);
  expect((await read('timeline-aggregated?limit=20')).items.length).toBeGreaterThan(0);
  // Further down than any materialized timeline.
  const cursor = Buffer.from(JSON.stringify(['feed', 30_000])).toString('base64url');
  expect((await read(`timeline?limit=100&cursor=${cursor}`)).items).toHaveLength(100);
  await read(`timeline-aggregated?limit=20&cursor=${cursor}`);
}, 120_000);

it('a day of hidden posts costs those who follow no more than a page', async () => {
  await loner.client.post(`/api/follows/star1`).expect(201);
  await vitrine.db.query(
    `insert into medias (url, owner_id, type, visibility, shown, status)
     select 'hidden' || i, id, 'photo', 'private', true, 'ready' from generate_series(1, ${hidden}) i, users where username = 'star1'`,
  );
  for (const address of ['timeline', 'timeline-aggregated', 'timeline-aggregated?limit=1&type=photo']) {
    let left = 10;
    for (let cursor: string | null = ''; cursor !== null && left > 0; left--) {
      const path: string = `/api/feeds/${address}${address.includes('?') ? '&' : '?'}${cursor && `cursor=${cursor}`}`;
      const { body } = await loner.client.get(path).expect(200);
      expect(JSON.stringify(body)).not.toContain('hidden');
      cursor = body.items.length ? null : body.nextCursor;
    }
    // Some pages may be empty, but what is visible further down is reached.
    expect(left, address).toBeGreaterThan(0);
  }
}, 120_000);

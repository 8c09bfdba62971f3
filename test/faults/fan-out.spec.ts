import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { post } from '../setup/feeds.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const followers = 100_000;
const worker = 'social,mail,maintenance';

let vitrine: Vitrine;
let famous: Person;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [worker] });
  famous = await newPerson(vitrine);
  const { db } = vitrine;
  await db.query(`insert into users (username, email, email_verified_at, password_hash, display_name)
    select 'fan' || i, 'fan' || i || '@example.org', now(), '-', 'Fan' from generate_series(1, ${followers}) i`);
  await db.query(
    `insert into follows (follower_id, followee_id, accepted_at) select id, $1, now() from users where username like 'fan%'`,
    [famous.id],
  );
  // All of them read timelines.
  await db.query(`insert into feed_readers (reader_id) select id from users where username like 'fan%'`);
  await db.query(`insert into feed_entries (reader_id, seq, floor) select reader_id, 0, true from feed_readers`);
  await db.query('update feed_sources set is_fed = true');
  await db.query('analyze');
  // A page takes so long that there is time to interrupt the next one.
  await db.query(`create function dawdle() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return null; end';
    create trigger dawdle after insert on feed_entries for each statement execute function dawdle()`);
}, 240_000);
afterAll(() => vitrine.stop());

/** How often the media stands in the timelines. */
async function entries(url: string) {
  const { rows } = await vitrine.db.query<{ written: number; readers: number; fanout: string }>(
    `select count(e.seq)::int as written, count(distinct e.reader_id)::int as readers, min(a.fanout) as fanout
     from medias m join activities a on a.media_id = m.id left join feed_entries e on e.seq = a.seq where m.url = $1`,
    [url],
  );
  return rows[0]!;
}

it('a post is written into 100,000 timelines, exactly once each, with the worker killed twice on the way', async () => {
  const url = await post(vitrine, famous.id);
  for (const kill of [1, 2]) {
    const { written: before } = await entries(url);
    await until(
      async () => (await entries(url)).written > before,
      `timelines to be written after ${kill - 1} kills`,
      60_000,
      10,
    );
    await vitrine.end(worker, 'SIGKILL');
    const { written } = await entries(url);
    expect(written, 'it was killed on the way').toBeLessThan(followers);
    expect(written).toBeGreaterThan(0);
    await sleep(100);
    vitrine.startWorker(worker);
  }
  await until(async () => (await entries(url)).fanout === 'done', 'the last page', 180_000, 200);
  expect(await entries(url)).toEqual({ written: followers, readers: followers, fanout: 'done' });
}, 300_000);

it('what is written again is there once', async () => {
  const url = await post(vitrine, famous.id);
  await until(async () => (await entries(url)).fanout === 'done', 'the last page', 60_000, 200);
  await vitrine.db.query(
    `with again as (
       update activities set fanout = 'pending' where media_id = (select id from medias where url = $1)
       returning media_id, actor_id),
     removed as (
       delete from feed_entries where media_id in (select media_id from again)
         and reader_id in (select reader_id from feed_readers order by reader_id limit 1000))
     insert into outbox_events (name, payload)
       select 'media.published', jsonb_build_object('mediaId', media_id, 'ownerId', actor_id) from again`,
    [url],
  );
  await until(async () => (await entries(url)).fanout === 'done', 'the last page', 60_000, 200);
  expect(await entries(url)).toEqual({ written: followers, readers: followers, fanout: 'done' });
}, 300_000);

it('a repost that is withdrawn and made again on the way is written into all of them', async () => {
  const other = await newPerson(vitrine);
  const url = await post(vitrine, other.id);
  const repost = `/api/medias/${url}/reposts`;
  const written = async () => {
    const { rows } = await vitrine.db.query<{ all: number; latest: number; fanout: string }>(
      `select (select count(*)::int from feed_entries e where e.media_id = m.id) as all,
         (select count(*)::int from feed_entries e where e.seq = a.seq) as latest, a.fanout
       from medias m join activities a on a.media_id = m.id and a.verb = 'repost' where m.url = $1`,
      [url],
    );
    return rows[0]!;
  };
  await famous.client.post(repost).expect(201);
  await until(async () => (await written()).latest > 0, 'the first page', 60_000, 10);
  await famous.client.delete(repost).expect(204);
  await famous.client.post(repost).expect(201);
  expect((await written()).latest).toBeLessThan(followers);
  await vitrine.settled(180_000);
  const { all, latest, fanout } = await written();
  expect({ latest, fanout }).toEqual({ latest: followers, fanout: 'done' });
  // The first one was on its way: without that, nothing was tested.
  expect(all).toBeGreaterThan(followers);
}, 300_000);

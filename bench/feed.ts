import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { statementsOf } from '../test/setup/statements.js';
import { inProcess } from './in-process.js';
import { load } from './load.js';
import { atLeast, atMost, inTurns, median, report, type Settings } from './measure.js';
import { withServer } from './server.js';
import { signUp, until, withSystem, type System } from './system.js';

const authors = 10_000;
const posts = Number(process.env.VITRINE_FEED_POSTS ?? 1_000_000);
const page = '/api/feeds/timeline?limit=20';
const seconds = 4;
const warmUpSeconds = 10;
const connections = 10;

type Headers = Record<string, string>;

/**
 * A page of a timeline of 1,000 followings among a million posts, against a bare Fastify that runs one indexed range query
 * for twenty medias on the same data and sends the same bytes; and the same page with 5,000 followings against ten.
 */
export async function feed({ pairs }: Settings): Promise<void> {
  await withSystem({ env: { RATE_LIMIT_FACTOR: '0' }, workers: [] }, async (system) => {
    await makePosts(system);
    const [few, some, many] = [
      await makeReader(system, 10),
      await makeReader(system, 1_000),
      await makeReader(system, 5_000),
    ];
    const { body } = await read(system, some);
    const file = join(system.dataDir, 'route.json');
    await writeFile(file, JSON.stringify(await rangeQuery(system, body)));
    await withServer('bare-sql', [file], async (bare) => {
      const rate = (url: string, path: string, duration: number) =>
        load({ url, headers: some, seconds: duration, connections, requests: [{ method: 'GET', path }] });
      for (const url of [system.origin, bare]) await rate(url, page, warmUpSeconds);
      const measured = (url: string) => async () => (await rate(url, page, seconds)).requests;
      report(
        'feed, a page of 1,000 followings',
        'req/s',
        await inTurns(pairs, measured(system.origin), measured(bare)),
        atLeast(0.6),
      );
    });
    for (let i = 0; i < 50; i++) for (const reader of [few, many]) await read(system, reader);
    const samples = await inTurns(
      pairs,
      () => latency(system, many),
      () => latency(system, few),
    );
    report('feed, 5,000 followings against 10', 'ms', samples, atMost(1.2));
  });
}

/** By plain SQL without triggers: authors in turn, the latest post last. */
export async function makePosts({ db }: System): Promise<void> {
  const client = await db.connect();
  try {
    await client.query(`set session_replication_role = replica;
      create table authors as select g, uuidv7() as id from generate_series(0, ${authors - 1}) g;
      create index on authors (g);
      insert into users (id, username, email, email_verified_at, password_hash, display_name)
        select id, 'author' || g, 'author' || g || '@example.org', now(), '-', 'Author ' || g from authors;
      insert into medias (id, url, owner_id, type, title, status, shown, published_at)
        select uuidv7(make_interval(secs => i - ${posts})), 'post' || lpad(i::text, 12, '0'), a.id, 'photo', 'Number ' || i, 'ready', true, now()
        from generate_series(1, ${posts}) i join authors a on a.g = mod(i::bigint * 7919, ${authors});
      insert into activities (media_id, actor_id, verb, type, reach, seq, fanout)
        select id, owner_id, 'post', type, reach, row_number() over (order by id), 'done' from medias;
      select setval('activities_seq', ${posts})`);
    await client.query('vacuum (analyze) medias, activities, users');
  } finally {
    client.release(true);
  }
}

/** Follows so many, and has a timeline as a worker would have written it. */
export async function makeReader({ origin, db }: System, followings: number): Promise<Headers> {
  const headers = await signUp(origin, db);
  const { rows } = await db.query<{ id: string }>('select id from users order by created_at desc, id desc limit 1');
  const reader = rows[0]!.id;
  await db.query(
    `insert into follows (follower_id, followee_id, accepted_at) select $1, id, now() from authors where mod(g, $2) = 0`,
    [reader, authors / followings],
  );
  await db.query('update feed_sources set from_seq = 0, is_fed = true where reader_id = $1', [reader]);
  await db.query('insert into feed_readers (reader_id) values ($1) on conflict do nothing', [reader]);
  await db.query(
    `insert into feed_entries (reader_id, seq, floor) select $1, seq, case when row_number() over (order by seq) = 1 then true end
     from (select a.seq from activities a join feed_sources s on s.reader_id = $1 and s.actor_id = a.actor_id order by a.seq desc limit 2000) found`,
    [reader],
  );
  await db.query('analyze follows, feed_sources, feed_entries, feed_readers');
  return headers;
}

async function read({ origin }: System, headers: Headers) {
  const got = await fetch(origin + page, { headers });
  const body = await got.text();
  const { items } = JSON.parse(body) as { items: unknown[] };
  if (items.length !== 20) throw new Error(`A page of ${items.length}: ${body.slice(0, 300)}`);
  return { body };
}

/** Of the same columns, in the order of an index. */
async function rangeQuery(system: System, body: string) {
  const path = '/api/medias?limit=20';
  return inProcess(system, async (app) => {
    const ask = async () => {
      const { statusCode } = await app.inject({ url: path, headers: system.user });
      if (statusCode !== 200) throw new Error(`${statusCode} of ${path}`);
    };
    await ask();
    const statements = await statementsOf(ask);
    return { databaseUrl: system.databaseUrl, method: 'GET', turns: [statements], body };
  });
}

async function latency(system: System, reader: Headers): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 31; i++) {
    const begun = performance.now();
    await read(system, reader);
    times.push(performance.now() - begun);
  }
  return median(times);
}

const followers = 100_000;

/** Timelines written for an author with 100,000 followers against one bare INSERT of the same rows; and what their repost waits for. */
export async function fanout({ pairs }: Settings): Promise<void> {
  await withSystem({ env: { RATE_LIMIT_FACTOR: '0' }, workers: ['social,maintenance'] }, async (system) => {
    const { db } = system;
    await db.query(`insert into users (username, email, email_verified_at, password_hash, display_name)
      select 'fan' || i, 'fan' || i || '@example.org', now(), '-', 'Fan' from generate_series(1, ${followers}) i`);
    const famous = await author(system, followers);
    const unknown = await author(system, 10);
    await db.query(`insert into feed_readers (reader_id) select id from users where username like 'fan%'`);
    await db.query(`insert into feed_entries (reader_id, seq, floor) select reader_id, 0, true from feed_readers`);
    await db.query('update feed_sources set is_fed = true');
    await db.query('create table bare_entries (like feed_entries including all)');
    await db.query('vacuum (analyze) users, follows, feed_sources, feed_entries, feed_readers');
    let seq = 0;
    const bare = async () => {
      seq++;
      const begun = performance.now();
      await db.query(
        `insert into bare_entries (reader_id, seq, media_id) select reader_id, $2::bigint, $1::uuid from feed_sources where actor_id = $1 and to_seq is null order by reader_id`,
        [famous.id, seq],
      );
      return followers / ((performance.now() - begun) / 1000);
    };
    // Of a repost: a post also notifies the followers, on the same CPU.
    const ours = async () => {
      const media = await publish(system, unknown.id);
      await untilWritten(db);
      const begun = performance.now();
      await repost(system, media, famous.headers);
      await untilWritten(db);
      return followers / ((performance.now() - begun) / 1000);
    };
    report('fanout, 100,000 followers', 'rows/s', await inTurns(pairs, ours, bare), atLeast(0.5));
    await system.end('social,maintenance');
    const medias: string[] = [];
    for (let i = 0; i < (pairs + 1) * 21; i++) medias.push(await publish(system, unknown.id));
    const reposts = (headers: Headers) => {
      const left = [...medias];
      return async () => {
        const times: number[] = [];
        for (const media of left.splice(0, 21)) {
          const begun = performance.now();
          await repost(system, media, headers);
          times.push(performance.now() - begun);
        }
        return median(times);
      };
    };
    const samples = await inTurns(pairs, reposts(famous.headers), reposts(unknown.headers));
    report('fanout, a repost with 100,000 followers against 10', 'ms', samples, atMost(1.2));
  });
}

async function repost({ origin }: System, media: string, headers: Headers): Promise<void> {
  const answer = await fetch(`${origin}/api/medias/${media}/reposts`, { method: 'POST', headers });
  if (!answer.ok) throw new Error(`${answer.status} of a repost`);
  await answer.arrayBuffer();
}

const untilWritten = (db: System['db']) =>
  until(
    async () => (await db.query(`select from activities where fanout = 'pending'`)).rowCount === 0,
    'the timelines to be written',
    120_000,
    10,
  );

async function author({ origin, db }: System, count: number) {
  const headers = await signUp(origin, db);
  const { rows } = await db.query<{ id: string }>(
    `select id from users where username not like 'fan%' order by created_at desc, id desc limit 1`,
  );
  const { id } = rows[0]!;
  await db.query(
    `insert into follows (follower_id, followee_id, accepted_at) select id, $1, now() from users where username like 'fan%' limit ${count}`,
    [id],
  );
  return { id, headers };
}

/** As a worker does, without files. @returns the url */
async function publish({ db }: System, ownerId: string): Promise<string> {
  const { rows } = await db.query<{ url: string }>(
    `with media as (
       insert into medias (url, owner_id, type, shown, status, published_at)
       values (substr(md5(random()::text), 1, 16), $1, 'photo', true, 'ready', now()) returning id, url, owner_id),
     event as (insert into outbox_events (name, payload)
       select 'media.published', jsonb_build_object('mediaId', id, 'ownerId', owner_id) from media)
     select url from media`,
    [ownerId],
  );
  return rows[0]!.url;
}

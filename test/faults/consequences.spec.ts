import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bareMedias } from '../setup/playlists.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const worker = 'social,mail,maintenance';

let vitrine: Vitrine;
let ada: Awaited<ReturnType<Vitrine['signUp']>>;
let people: Awaited<ReturnType<Vitrine['signUp']>>[];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [worker] });
  ada = await vitrine.signUp();
  people = await Promise.all(Array.from({ length: 6 }, () => vitrine.signUp()));
}, 120_000);
afterAll(() => vitrine.stop());

const one = async <T>(text: string, ...values: unknown[]) =>
  Object.values((await vitrine.db.query(text, values)).rows[0] ?? {})[0] as T;
const told = (url: string) =>
  one<number>(
    `select count(*)::int from notification_entries e join medias m on m.id = e.subject_id where m.url = $1`,
    url,
  );
const waiting = () =>
  one<number>(`select count(*)::int from outbox_events where dispatched_at is null or waiting <> '{}'`);
/** Everybody likes it, and no notification is created before `release`. */
async function likesThatWait(url: string): Promise<{ release: () => Promise<void> }> {
  const other = await vitrine.db.connect();
  await other.query('begin');
  // The request's `for key share` passes; the lock of the notification job waits for the reaction.
  await Promise.all(people.map((person) => person.post(`/api/medias/${url}/likes`).expect(201)));
  await other.query('select 1 from reactions where media_id = (select id from medias where url = $1) for update', [
    url,
  ]);
  return {
    release: async () => {
      await other.query('rollback');
      other.release();
    },
  };
}

describe('jobs lost by the queue', () => {
  it('are created again from the events that wait for them', async () => {
    const [media] = await bareMedias(vitrine, ada, 1);
    await vitrine.end(worker, 'SIGTERM');
    const { release } = await likesThatWait(media!);
    vitrine.startWorker(worker);
    await until(
      async () =>
        (await one<number>(
          `select count(*)::int from outbox_events where name = 'reaction.changed' and waiting <> '{}'`,
        )) === people.length,
      'the events to be in the queue',
    );
    await vitrine.end(worker, 'SIGKILL');
    await release();
    await vitrine.db.query('truncate bullmq.job cascade');
    expect(await told(media!)).toBe(0);
    await vitrine.db.query(
      `update outbox_events set dispatched_at = now() - interval '1 minute' where waiting <> '{}'`,
    );
    vitrine.startWorker(worker);
    await until(async () => (await told(media!)) === people.length, 'everybody to be told of', 60_000);
    await vitrine.settled();
    expect((await ada.get('/api/notifications').expect(200)).body.items[0].actorsCount).toBe(people.length);
  }, 150_000);
});

describe('events handled together', () => {
  it('are retried one by one when one of them fails, and only that one again', async () => {
    const [media] = await bareMedias(vitrine, ada, 1);
    await vitrine.end(worker, 'SIGTERM');
    await Promise.all(people.map((person) => person.post(`/api/medias/${media}/likes`).expect(201)));
    const broken = await one<string>(
      `insert into outbox_events (name, payload) values ('reaction.changed', $1) returning id`,
      { mediaId: 'none', userId: randomUUID() },
    );
    vitrine.startWorker(worker);
    await until(async () => (await told(media!)) === people.length, 'the others to be told of');
    await until(async () => (await waiting()) === 1, 'the others to be done');
    expect(await one(`select waiting from outbox_events where id = $1`, broken)).toEqual([`tell-reaction.${broken}`]);
    await vitrine.db.query('delete from outbox_events where id = $1', [broken]);
  }, 60_000);
});

describe('a media with many followers', () => {
  it('is announced to each once, page by page, although the worker is killed twice', async () => {
    const followers = 6_000;
    await vitrine.db.query(
      `with made as (
         insert into users (username, email, email_verified_at, password_hash, display_name)
         select 'follower-' || i, 'follower-' || i || '@example.org', now(), '-', 'Follower ' || i
         from generate_series(1, ${followers}) i returning id)
       insert into follows (follower_id, followee_id, accepted_at)
       select made.id, u.id, now() from made, users u where u.username = $1`,
      [ada.username],
    );
    const [media] = await bareMedias(vitrine, ada, 1);
    const mediaId = await one<string>('select id from medias where url = $1', media);
    const lines = () => one<number>(`select count(*)::int from notifications where media_id = $1`, mediaId);
    await vitrine.db.query(
      `insert into outbox_events (name, payload)
       select 'media.published', jsonb_build_object('mediaId', id, 'ownerId', owner_id) from medias where id = $1`,
      [mediaId],
    );
    for (const atLeast of [1, 2_000]) {
      await until(async () => (await lines()) >= atLeast, 'some to be told', 60_000, 2);
      await vitrine.end(worker, 'SIGKILL');
      expect(await lines()).toBeLessThan(followers);
      vitrine.startWorker(worker);
    }
    await vitrine.settled(150_000);
    expect(await lines()).toBe(followers);
    expect(await one(`select count(distinct user_id)::int from notifications where media_id = $1`, mediaId)).toBe(
      followers,
    );
    expect(await one(`select sum(actors_count)::int from notifications where media_id = $1`, mediaId)).toBe(followers);
  }, 240_000);
});

it('all notifications about a deleted comment are withdrawn, however many pages that takes', async () => {
  const [media] = await bareMedias(vitrine, ada, 1);
  const comment = await one<string>(
    `insert into comments (url, media_id, text, deleted_at)
     select 'deleted000000001', id, '', now() from medias where url = $1 returning id`,
    media,
  );
  await vitrine.db.query(
    `with reader as (select id from users where username = $2), line as (
       insert into notifications (user_id, kind, in_app, comment_id) select id, 'comment_reaction', true, $1 from reader
       returning id, user_id)
     insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, mail)
     select l.id, l.user_id, u.id, 'comment_reaction', $1, false
     from line l, (select id from users order by id limit 1700) u`,
    [comment, ada.username],
  );
  const entries = () => one<number>('select count(*)::int from notification_entries where subject_id = $1', comment);
  expect(await entries()).toBeGreaterThan(1_500);
  await vitrine.db.query(
    `insert into outbox_events (name, payload) values ('comment.deleted', jsonb_build_object('commentId', $1::text))`,
    [comment],
  );
  await vitrine.settled(20_000);
  expect(await entries()).toBe(0);
}, 60_000);

it('events of a newer version wait for a process that knows them', async () => {
  const later = await one<string>(
    `insert into outbox_events (name, payload) values ('thing.of.next.version', '{}') returning id`,
  );
  const ours = await one<string>(
    `insert into outbox_events (name, payload, dispatched_at, waiting)
     values ('reaction.changed', '{}', now() - interval '1 minute', '{tell-webhooks.1}') returning id`,
  );
  const [media] = await bareMedias(vitrine, ada, 1);
  await people[0]!.post(`/api/medias/${media}/likes`).expect(201);
  await until(async () => (await told(media!)) === 1, 'the event after it');
  await vitrine.doNow('unfinished.sweep');
  await until(
    async () =>
      (await one<number>(
        `select count(*)::int from bullmq.job where name = 'unfinished.sweep' and state = 'completed'`,
      )) > 0,
    'the sweep',
  );
  expect(await one('select dispatched_at from outbox_events where id = $1', later)).toBeNull();
  expect(await one('select waiting from outbox_events where id = $1', ours)).toEqual(['tell-webhooks.1']);
  await vitrine.db.query('delete from outbox_events where id in ($1, $2)', [later, ours]);
}, 90_000);

it('no statement of a request sends NOTIFY before its commit', async () => {
  const { rows } = await vitrine.db.query(
    `select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'public' and (p.prosrc ~* '\\mnotify\\M' or p.prosrc ~* 'pg_notify')`,
  );
  expect(rows).toEqual([]);
});

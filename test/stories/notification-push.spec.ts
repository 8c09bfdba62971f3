import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Listening, type Person } from '../setup/chats.js';
import type { Json } from '../setup/client.js';
import { bareMedias } from '../setup/playlists.js';
import { PushServiceDouble } from '../setup/push-service.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let dir: string;
let service: PushServiceDouble;
let vitrine: Vitrine;
let bob: Person;
let eve: Person;
const worker = 'social,mail,maintenance';
const listening = new Listening();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-push-'));
  service = await PushServiceDouble.start(dir);
  vitrine = await Vitrine.start({
    workers: [worker],
    env: { PUSH_HOSTS: service.host, NODE_EXTRA_CA_CERTS: service.certificate },
  });
  [bob, eve] = await Promise.all([vitrine.signUp(), vitrine.signUp()]);
});
afterAll(async () => {
  await vitrine?.stop();
  await service?.stop();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(() => service.taken.splice(0));
afterEach(() => listening.end());

/** Somebody with a browser of their name, and a media. */
async function reader(change: object = {}): Promise<{ who: Person; media: string }> {
  const who = await vitrine.signUp();
  await who.post('/api/push/subscriptions', service.subscription(who.username)).expect(204);
  await who.put('/api/users/me', change).expect(200);
  const [media] = (await bareMedias(vitrine, who, 1)) as [string];
  return { who, media };
}
const like = (who: Person, media: string) => who.post(`/api/medias/${media}/likes`).expect(201);
const pushes = ({ username }: Person) => service.taken.filter(({ path }) => path === `/${username}`);
const pushed = (who: Person, count = 1, limitMs = 20_000) =>
  until(async () => pushes(who).length >= count && pushes(who).at(-1)!, `push ${count} to ${who.username}`, limitMs);
/** As if so much time had passed since the last push. */
const pass = ({ username }: Person, time: string) =>
  vitrine.db.query(
    `update notification_pushes p set pushed_at = pushed_at - $2::interval, due_at = due_at - $2::interval
     from users u where u.id = p.user_id and u.username = $1`,
    [username, time],
  );
const rowsOf = async ({ username }: Person) =>
  (
    await vitrine.db.query(
      'select p.* from notification_pushes p join users u on u.id = p.user_id where u.username = $1',
      [username],
    )
  ).rows as Json[];

it('a notification that stays unread is pushed once, and says only that there is something', async () => {
  const { who, media } = await reader();
  await bob.post(`/api/comments/medias/${media}`, { text: 'What a light!' }).expect(201);
  const { payload, headers } = await pushed(who);
  const [listed] = (await who.get('/api/notifications').expect(200)).body.items;
  expect(payload).toEqual({ kind: 'notification', notification: { id: listed.id, text: 'New activity' } });
  expect(headers).toMatchObject({ urgency: 'high', topic: expect.stringMatching(/^[\w-]{32}$/) });
  await sleep(4_000);
  expect(pushes(who)).toHaveLength(1);
});

it('says what the list says to who wants that', async () => {
  const { who, media } = await reader({ pushText: true });
  const { url } = (await bob.post(`/api/comments/medias/${media}`, { text: 'What a light!' }).expect(201)).body;
  await eve.post(`/api/follows/${who.username}`).expect(201);
  await pushed(who, 2);
  const { items } = (await who.get('/api/notifications').expect(200)).body;
  const told = (kind: string) => pushes(who).find(({ payload }) => payload.notification.kind === kind)?.payload;
  const listed = (kind: string) => items.find((item: Json) => item.kind === kind);
  const { id, text, actors } = listed('comment');
  expect(text).toContain(bob.username);
  expect(told('comment')!.notification).toEqual({
    ...{ id, kind: 'comment', text, actor: actors[0], media, comment: url, file: null },
  });
  expect(told('follow')!.notification).toMatchObject({ id: listed('follow').id, text: listed('follow').text });
});

it('what grows is one push, and no other within the hour, also when it was read or taken back', async () => {
  const { who, media } = await reader({ pushText: true });
  await like(bob, media);
  await like(eve, media);
  const first = await pushed(who);
  expect(first.payload.notification).toMatchObject({ kind: 'like', text: expect.stringContaining('one other') });

  const max = await vitrine.signUp();
  await like(max, media);
  await vitrine.settled();
  await max.delete(`/api/medias/${media}/likes`).expect(204);
  await vitrine.settled();
  await like(max, media);
  await who.put(`/api/notifications/${first.payload.notification.id}/read`).expect(204);
  const ida = await vitrine.signUp();
  await like(ida, media);
  await vitrine.settled();
  await sleep(9_000);
  expect(pushes(who)).toHaveLength(1);
  const [row] = await rowsOf(who);
  expect(row.due_at.getTime() - row.pushed_at.getTime()).toBe(3_600_000);

  await pass(who, '1 hour');
  const second = await pushed(who, 2);
  expect(second.payload.notification.text).toContain(ida.username);
  expect(second.headers.topic).toBe(first.headers.topic);

  // Only what is still there: who did it last has taken it back.
  const tom = await vitrine.signUp();
  await like(tom, media);
  await vitrine.settled();
  await tom.delete(`/api/medias/${media}/likes`).expect(204);
  await vitrine.settled();
  await pass(who, '1 hour');
  await until(async () => (await rowsOf(who))[0]?.due_at === null, 'it to be left', 10_000);
  await sleep(2_000);
  expect(pushes(who)).toHaveLength(2);
}, 90_000);

it('nobody is pushed to who does not need it, or not any more', async () => {
  const { who: control, media: controls } = await reader();
  const [others] = (await bareMedias(vitrine, eve, 1)) as [string];
  /** What is done before the notification is due. */
  const reasons: Record<string, (who: Person, media: string) => Promise<unknown>> = {
    read: async (who) => {
      const { newestCursor } = (await who.get('/api/notifications').expect(200)).body;
      await who.put('/api/notifications/read', { upTo: newestCursor }).expect(204);
    },
    dismissed: async (who) => {
      const [{ id }] = (await who.get('/api/notifications').expect(200)).body.items;
      await who.delete(`/api/notifications/${id}`).expect(204);
    },
    withdrawn: (_who, media) => bob.delete(`/api/medias/${media}/likes`).expect(204),
    blocked: (who) => who.post(`/api/blocks/${bob.username}`).expect(201),
    muted: (who) => who.post(`/api/mutes/${bob.username}`).expect(201),
    'not wanted': (who) => who.put('/api/notifications/preferences', { like: { push: false } }).expect(200),
    'in the foreground': async (who) => {
      const device = await listening.by(who);
      expect(await device.command('presence.active', { active: true })).toEqual({ data: null });
    },
    'not subscribed': (who) =>
      who
        .send('DELETE', '/api/push/subscriptions', { endpoint: service.subscription(who.username).endpoint })
        .expect(204),
    disabled: (who) => vitrine.db.query('update users set disabled_at = now() where username = $1', [who.username]),
    'hidden from them': () => eve.put(`/api/medias/${others}`, { visibility: 'private' }).expect(200),
  };
  const readers = await Promise.all(
    Object.entries(reasons).map(async ([reason, act]) => ({ reason, act, ...(await reader()) })),
  );
  for (const { reason, who, media } of readers)
    if (reason === 'hidden from them')
      await bob.post(`/api/comments/medias/${others}`, { text: `Look, @${who.username}` }).expect(201);
    else await like(bob, media);
  await like(bob, controls);
  await vitrine.settled();
  for (const { who } of readers) expect(await rowsOf(who)).toHaveLength(1);
  for (const { act, who, media } of readers) await act(who, media);
  await pushed(control);
  await sleep(4_000);
  const told = readers.filter(({ who }) => pushes(who).length).map(({ reason }) => reason);
  expect(told).toEqual([]);
  for (const { who, reason } of readers) expect(await rowsOf(who), reason).toEqual([]);
}, 60_000);

it('is pushed where it is not listed, if that is what its reader wants', async () => {
  const { who, media } = await reader({ pushText: true });
  await who.put('/api/notifications/preferences', { like: { inApp: false, email: false } }).expect(200);
  await like(bob, media);
  const { payload } = await pushed(who);
  expect(payload.notification).toMatchObject({ kind: 'like', media });
  expect((await who.get('/api/notifications').expect(200)).body.items).toEqual([]);
});

it('a follower is told of a new media', async () => {
  const [{ who: follower }, owner] = await Promise.all([reader({ pushText: true }), vitrine.signUp()]);
  await follower.post(`/api/follows/${owner.username}`).expect(201);
  const [media] = (await bareMedias(vitrine, owner, 1)) as [string];
  await vitrine.db.query(
    `insert into outbox_events (name, payload) select 'media.published', jsonb_build_object('mediaId', id, 'ownerId', owner_id)
     from medias where url = $1`,
    [media],
  );
  expect((await pushed(follower)).payload.notification).toMatchObject({ kind: 'media_published', media });
});

it('somebody’s acts are pushed to fifty strangers a day, whoever does the same later, and to all who follow them', async () => {
  const [{ who: first, media: firsts }, { who, media }] = await Promise.all([reader(), reader()]);
  const stranger = await vitrine.signUp();
  await vitrine.db.query(
    `insert into stranger_pushes (actor_id, pushed_at) select u.id, now() - interval '23 hours'
     from users u, generate_series(1, 49) where u.username = $1`,
    [stranger.username],
  );
  await like(stranger, firsts);
  await pushed(first);
  await like(bob, firsts);
  await pass(first, '1 hour');
  await pushed(first, 2);
  await like(stranger, media);
  const { who: control, media: controls } = await reader();
  await like(bob, controls);
  await pushed(control);
  await sleep(3_000);
  expect(pushes(who)).toEqual([]);
  // Whom the reader follows is no stranger.
  await who.post(`/api/follows/${stranger.username}`).expect(201);
  await stranger.post(`/api/medias/${media}/reposts`).expect(201);
  await pushed(who);
}, 60_000);

it('of very many at once by a stranger, fifty are pushed', async () => {
  const [{ who }, stranger] = [await reader(), await vitrine.signUp()];
  await vitrine.db.query(
    `with model as (select s.*, a.id as stranger from push_subscriptions s join users u on u.id = s.user_id, users a
        where u.username = $1 and a.username = $2),
      readers as (
        insert into users (username, email, password_hash, display_name)
        select name, name || '@example.org', '', 'One of many' from generate_series(1, 3000) i, concat('pushed', i) name returning id),
      lines as (
        insert into notifications (user_id, kind, in_app, asker_id) select r.id, 'follow_request', true, stranger
        from readers r, model returning id, user_id, asker_id),
      entries as (
        insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, mail)
        select id, user_id, asker_id, 'follow_request', id, false from lines),
      browsers as (
        insert into push_subscriptions (user_id, session_id, api_key_id, endpoint, p256dh, auth)
        select r.id, session_id, api_key_id, endpoint || r.id, p256dh, auth from model, readers r)
    insert into notification_pushes (user_id, topic, notification_id, actor_id, since, due_at)
      select user_id, 'topic', id, asker_id, now() - interval '1 minute', now() - interval '1 second' from lines`,
    [who.username, stranger.username],
  );
  const count = async (which: string) =>
    (await vitrine.db.query(`select from notification_pushes where ${which} and topic = 'topic'`)).rowCount;
  await until(async () => (await count('due_at is not null')) === 0, 'all to be looked at', 20_000);
  expect(await count('true')).toBe(50);
}, 40_000);

it('one reader is pushed sixty notifications an hour, first of whom they follow', async () => {
  const { who, media } = await reader();
  await vitrine.db.query(
    `insert into notification_pushes (user_id, topic, notification_id, actor_id, pushed_at)
     select u.id, md5(i::text), uuidv7(), a.id, now() - interval '10 minutes' from users u, users a, generate_series(1, 59) i
     where u.username = $1 and a.username = $2`,
    [who.username, eve.username],
  );
  await who.post(`/api/follows/${eve.username}`).expect(201);
  await Promise.all([like(bob, media), eve.post(`/api/medias/${media}/reposts`).expect(201)]);
  await vitrine.settled();
  await vitrine.db.query(
    `update notification_pushes p set due_at = now() - interval '1 second' from users u
     where u.id = p.user_id and u.username = $1 and p.due_at is not null`,
    [who.username],
  );
  await pushed(who);
  await sleep(5_000);
  expect(pushes(who)).toHaveLength(1);
  const rows = await rowsOf(who);
  expect(rows.filter(({ notification_id: id }) => id === pushes(who)[0]!.payload.notification.id)).toMatchObject([
    { actor_id: (await vitrine.db.query('select id from users where username = $1', [eve.username])).rows[0].id },
  ]);
}, 40_000);

it('comes once although workers are killed before it is due, and while it is sent', async () => {
  const { who, media } = await reader();
  await like(bob, media);
  await vitrine.settled();
  await vitrine.end(worker, 'SIGKILL');
  await sleep(6_000);
  expect(pushes(who)).toEqual([]);
  service.status = 503;
  vitrine.startWorker(worker);
  await pushed(who, 1, 40_000);
  await vitrine.end(worker, 'SIGKILL');
  service.status = 201;
  service.taken.length = 0;
  vitrine.startWorker(worker);
  await pushed(who, 1, 120_000);
  await sleep(4_000);
  expect(pushes(who)).toHaveLength(1);
}, 180_000);

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { chat, say, type Person } from '../setup/chats.js';
import { PushServiceDouble } from '../setup/push-service.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const worker = 'social,mail,maintenance';
let dir: string;
let service: PushServiceDouble;
let vitrine: Vitrine;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-push-'));
  service = await PushServiceDouble.start(dir);
  vitrine = await Vitrine.start({
    workers: [worker],
    env: { PUSH_HOSTS: service.host, NODE_EXTRA_CA_CERTS: service.certificate },
  });
});
afterAll(async () => {
  await vitrine?.stop();
  await service?.stop();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  service.taken.length = 0;
  service.status = 201;
  [ada, bob] = await Promise.all([vitrine.signUp(), vitrine.signUp()]);
  await bob.post(`/api/follows/${ada.username}`).expect(201);
});

const subscriptions = async () =>
  (
    await vitrine.db.query('select from push_subscriptions s join users u on u.id = s.user_id where u.username = $1', [
      bob.username,
    ])
  ).rowCount;
const state = async () => {
  const { rows } = await vitrine.db.query<{ failures: number; pause: number | null }>(
    `select failures, extract(epoch from paused_until - now())::float as pause
     from push_subscriptions s join users u on u.id = s.user_id where u.username = $1`,
    [bob.username],
  );
  return rows[0];
};
const set = (change: string) =>
  vitrine.db.query(
    `update push_subscriptions s set ${change} from users u where u.id = s.user_id and u.username = $1`,
    [bob.username],
  );
const pushed = () => until(async () => service.taken[0], 'a push', 20_000);

it('a message that stays unread is pushed, encrypted, without its text', async () => {
  expect((await bob.get('/api/push/key').expect(200)).body.key).toMatch(/^[\w-]{87}$/);
  for (const _ of ['once', 'again']) await bob.post('/api/push/subscriptions', service.subscription('bob')).expect(204);
  expect(await subscriptions()).toBe(1);
  const message = await say(ada, bob, 'Where are you?');
  const { headers, payload, path } = await pushed();
  expect(path).toBe('/bob');
  expect(payload).toMatchObject({
    kind: 'message',
    chat: { with: { username: ada.username } },
    message: { id: message.id, seq: 1, type: 'text' },
  });
  expect(JSON.stringify(payload)).not.toContain('Where');
  expect(headers).toMatchObject({ urgency: 'high', ttl: '86400', topic: expect.stringMatching(/^[\w-]{22}$/) });
  expect(headers.authorization).toMatch(/^vapid t=/);
});

it('shows its text to who wants that, and nothing is pushed to who has read it or muted the chat', async () => {
  await bob.post('/api/push/subscriptions', service.subscription('bob')).expect(204);
  await bob.put('/api/users/me', { pushText: true }).expect(200);
  const { id } = await say(ada, bob, 'Read at once');
  await bob.put(`${chat(ada)}/read`, { upTo: id }).expect(204);
  await sleep(9_000);
  expect(service.taken).toEqual([]);
  await say(ada, bob, 'Look at this');
  expect((await pushed()).payload.message.text).toBe('Look at this');
  service.taken.length = 0;
  await bob.put(chat(ada), { mutedUntil: new Date(Date.now() + 60_000).toISOString() }).expect(200);
  await say(ada, bob, 'Unheard');
  await sleep(9_000);
  expect(service.taken).toEqual([]);
});

it('ends with the subscription, the session, or when the service does not know it any more', async () => {
  await bob.post('/api/push/subscriptions', service.subscription('gone')).expect(204);
  service.status = 410;
  await say(ada, bob, 'One');
  await until(async () => (await subscriptions()) === 0, 'it to be forgotten', 20_000);
  service.status = 201;

  const { accessToken } = (
    await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: bob.username, password: 'correct horse battery' })
      .expect(200)
  ).body;
  const browser = vitrine.client({ authorization: `Bearer ${accessToken}` });
  await browser.post('/api/push/subscriptions', service.subscription('left')).expect(204);
  await bob.post('/api/push/subscriptions', service.subscription('stays')).expect(204);
  await browser.post('/api/users/sign-out').expect(204);
  service.taken.length = 0;
  await say(ada, bob, 'Two');
  expect((await pushed()).path).toBe('/stays');
  await sleep(2_000);
  expect(service.taken.map(({ path }) => path)).toEqual(['/stays']);
  for (const _ of ['once', 'again'])
    await bob
      .send('DELETE', '/api/push/subscriptions', { endpoint: service.subscription('stays').endpoint })
      .expect(204);
});

it('to a browser that cannot be reached pauses, and ends when that goes on for days', async () => {
  await bob.post('/api/push/subscriptions', service.subscription('bob')).expect(204);
  service.status = 403;
  await say(ada, bob, 'One');
  await until(async () => (await state())?.failures === 1, 'a failure', 20_000);
  expect((await state())!.pause).toBeGreaterThan(250);
  service.status = 201;
  service.taken.length = 0;
  await say(ada, bob, 'Two');
  await sleep(9_000);
  expect(service.taken).toEqual([]);

  await set('paused_until = now()');
  await say(ada, bob, 'Three');
  await pushed();
  await until(async () => (await state())?.failures === 0, 'it to be well again', 5_000);
  expect((await state())!.pause).toBeNull();

  service.status = 503;
  await set('failures = 8, paused_until = null');
  await say(ada, bob, 'Four');
  await until(async () => (await state())!.failures > 8, 'another failure', 20_000);
  expect((await state())!.pause).toBeGreaterThan(70_000);
  // It is tried again meanwhile.
  await sleep(4_000);
  expect((await state())!.failures).toBe(9);
  service.status = 403;
  await set('failures = 9, paused_until = null');
  await say(ada, bob, 'Five');
  await until(async () => (await subscriptions()) === 0, 'it to be given up', 20_000);
}, 90_000);

it('goes to push services of browsers only', async () => {
  const { keys } = service.subscription('x');
  for (const endpoint of [
    'https://127.0.0.1/x',
    'https://localhost/x',
    'https://fcm.googleapis.com.example.org/x',
    'https://fcm.googleapis.com:8443/x',
    'https://user@fcm.googleapis.com/x',
    'https://169.254.169.254/latest',
    // Parsers differ: what is checked must be what is called.
    'https://example.org;.push.apple.com/x',
    "https://example.org'.push.apple.com/x",
    'https://example.org{.push.apple.com/x',
  ])
    await bob.post('/api/push/subscriptions', { endpoint, keys }).expect(422, 'push_endpoint_refused');
  await bob
    .post('/api/push/subscriptions', { endpoint: 'http://fcm.googleapis.com/x', keys })
    .expect(422, 'validation_failed');
  for (const endpoint of ['https:fcm.googleapis.com/x', 'https://fcm.googleapis.com/x\u0000']) {
    const { status } = await bob.post('/api/push/subscriptions', { endpoint, keys });
    expect([endpoint, [204, 422].includes(status)]).toEqual([endpoint, true]);
  }
  const { rows } = await vitrine.db.query<{ endpoint: string }>('select endpoint from push_subscriptions');
  expect(rows.every(({ endpoint }) => /^https:\/\/(fcm\.googleapis\.com|localhost:\d+)\/\w+$/.test(endpoint))).toBe(
    true,
  );
  const noPoint = Buffer.alloc(65, 4).toString('base64url');
  await bob
    .post('/api/push/subscriptions', { endpoint: 'https://fcm.googleapis.com/x', keys: { ...keys, p256dh: noPoint } })
    .expect(422, 'validation_failed');
  await bob
    .post('/api/push/subscriptions', { endpoint: 'https://fcm.googleapis.com/x', keys: { ...keys, auth: 'AA' } })
    .expect(422, 'validation_failed');
  await bob.post('/api/push/subscriptions', { endpoint: 'https://fcm.googleapis.com/x', keys }).expect(204);
});

it('of messages is limited for each reader', async () => {
  await bob.post('/api/push/subscriptions', service.subscription('bob')).expect(204);
  await vitrine.end(worker, 'SIGTERM');
  // One an hour of each chat, instead of thirty; two of all, instead of 120.
  vitrine.startWorker(worker, { RATE_LIMIT_FACTOR: '0.02' });
  await say(ada, bob, 'One');
  await pushed();
  await say(ada, bob, 'Two');
  await sleep(9_000);
  expect(service.taken).toHaveLength(1);
  const [eve, max] = await Promise.all([vitrine.signUp(), vitrine.signUp()]);
  for (const one of [eve, max]) await bob.post(`/api/follows/${one.username}`).expect(201);
  await say(eve, bob, 'One');
  await until(async () => service.taken.length === 2, 'a push of another chat', 20_000);
  await say(max, bob, 'One');
  await sleep(9_000);
  expect(service.taken).toHaveLength(2);
  expect((await bob.get('/api/chats/unread-count').expect(200)).body).toMatchObject({ chats: 3 });
}, 90_000);

it('goes to twenty browsers of a user at most: the oldest ones end', async () => {
  for (let i = 0; i < 22; i++) await bob.post('/api/push/subscriptions', service.subscription(`b${i}`)).expect(204);
  expect(await subscriptions()).toBe(20);
});

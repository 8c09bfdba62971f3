import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { Device } from '../setup/device.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const page = 'https://app.example';
let vitrine: Vitrine;
let ada: Client & { username: string; email: string; apiKey: string };
let bob: typeof ada;
let media: string;
const devices: Device[] = [];
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { CORS_ORIGINS: page, ACCESS_TOKEN_MS: '20000' } });
  [ada, bob] = [await vitrine.signUp(), await vitrine.signUp()];
  media = (await ada.publish('photo', await picture(300, 200).jpeg().toBuffer())).url;
});
afterAll(() => vitrine.stop());
afterEach(() => {
  for (const device of devices.splice(0)) device.close();
});

const device = (auth: object, options?: ConstructorParameters<typeof Device>[2]): Device => {
  const made = new Device(vitrine.origin, auth, options);
  devices.push(made);
  return made;
};
const adas = (options?: ConstructorParameters<typeof Device>[2]) => device({ apiKey: ada.apiKey }, options);
const signIn = async (user = ada) =>
  (
    await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: user.username, password: 'correct horse battery' })
      .expect(200)
  ).body as { accessToken: string; refreshToken: string };
const like = () => bob.post(`/api/medias/${media}/likes`).expect(201);
const unlike = () => bob.delete(`/api/medias/${media}/likes`).expect(204);
/** Everything that was caused has been numbered. */
const told = async () => {
  await vitrine.settled();
  await until(async () => (await vitrine.db.query('select from realtime.pending')).rowCount === 0, 'all numbers');
};

describe('what a socket tells', () => {
  it('is what the API answers, on every device, and soon', async () => {
    const [one, other] = [await adas().ready(), await adas().ready()];
    expect(one.of('ready')[0]).toMatchObject({ resumed: false, cursor: expect.any(String) });
    await like();
    const told = await one.hears('notification.changed', ({ notification }) => notification);
    const [listed] = (await ada.get('/api/notifications')).body.items;
    expect(told).toMatchObject({ id: listed.id, notification: listed, unreadCount: 1, at: expect.any(String) });
    expect(await other.hears('notification.changed', ({ notification }) => notification)).toEqual(told);

    await ada.put(`/api/notifications/${listed.id}/read`).expect(204);
    expect(await other.hears('notification.changed', ({ notification }) => notification?.read)).toMatchObject({
      unreadCount: 0,
    });
    await unlike();
    expect(await other.hears('notification.changed', ({ notification }) => notification === null)).toMatchObject({
      id: listed.id,
      unreadCount: 0,
    });
  });

  it('goes on where a client was cut off, in order and once', async () => {
    const phone = await adas().ready();
    await like();
    await phone.hears('notification.changed');
    phone.close();
    const before = phone.of('notification.changed').length;
    await unlike();
    await told();
    await like();
    await told();
    const { items } = (await ada.get(`/api/events?cursor=${phone.cursor}`).expect(200)).body;
    expect(items.length).toBeGreaterThan(0);
    phone.connect();
    await until(async () => phone.of('ready').length === 2, 'the second connection');
    expect(phone.of('ready')[1]).toMatchObject({ resumed: true });
    await phone.hears('notification.changed', ({ cursor }) => cursor === items.at(-1).cursor);
    expect(phone.of('notification.changed').slice(before)).toEqual(
      items.map(({ name: _, ...payload }: { name: string }) => payload),
    );
    await ada
      .put('/api/notifications/read', { upTo: (await ada.get('/api/notifications')).body.newestCursor })
      .expect(204);
    expect(await phone.hears('notifications.read')).toMatchObject({ unreadCount: 0 });
    await unlike();
    await told();
  });

  it.each([
    '',
    'garbage',
    Buffer.from('["events","1.1",3]').toString('base64url'),
    Buffer.from('[[[').toString('base64url'),
  ])('begins anew with the cursor %j', async (cursor) => {
    const phone = adas();
    phone.cursor = cursor;
    await phone.ready();
    expect(phone.of('ready')[0]).toMatchObject({ resumed: false });
    const { body } = await ada.get(`/api/events?cursor=${cursor}`).expect(200);
    expect(body).toMatchObject({ resumed: false, items: [] });
  });
});

describe('a handshake', () => {
  it.each([
    ['no credentials', {}, 'bad_credentials', 401],
    ['a key that is none', { apiKey: 'vt_no' }, 'bad_credentials', 401],
    ['a token that is none', { token: 'x.y.z' }, 'bad_credentials', 401],
    ['credentials that are no texts', { token: { $gt: '' }, apiKey: ['x'] }, 'bad_credentials', 401],
    ['a token of a megabyte', { token: 'x'.repeat(30_000) }, 'bad_credentials', 401],
  ])('with %s is refused', async (_what, auth, code, status) => {
    const stranger = device(auth);
    expect(await stranger.isRefused()).toEqual({ code, status });
    expect(stranger.heard).toEqual([]);
  });

  it('needs a verified address, and a key that may read', async () => {
    const username = `unverified${Date.now()}`;
    const { body } = await vitrine
      .client()
      .post('/api/users', { username, email: `${username}@example.org`, password: 'correct horse battery' })
      .expect(201);
    expect(await device({ apiKey: body.apiKey }).isRefused()).toEqual({ code: 'email_not_verified', status: 403 });
    const { body: writing } = await ada
      .post('/api/users/me/api-keys', { name: 'w', scopes: ['write'], currentPassword: 'correct horse battery' })
      .expect(201);
    expect(await device({ apiKey: writing.apiKey }).isRefused()).toEqual({ code: 'scope_missing', status: 403 });
  });

  it('comes from our own pages and the allowed ones only', async () => {
    for (const origin of [page, vitrine.origin]) await adas({ headers: { origin } }).ready();
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example'])
      expect(await adas({ headers: { origin } }).isRefused()).toMatchObject({ message: 'websocket error' });
    const polled = await fetch(`${vitrine.origin}/socket.io/?EIO=4&transport=polling`);
    expect(polled.status).toBe(400);
    await polled.arrayBuffer();
  });

  it('is refused to the twenty-first socket of a user', async () => {
    const all = Array.from({ length: 20 }, () => device({ apiKey: bob.apiKey }));
    for (const one of all) await one.ready();
    expect(await device({ apiKey: bob.apiKey }).isRefused()).toEqual({ code: 'too_many_sockets', status: 429 });
    all[0]!.close();
    await until(async () => {
      const one = device({ apiKey: bob.apiKey });
      return one.ready().then(
        () => true,
        () => false,
      );
    }, 'room for another');
  });
});

describe('a socket ends', () => {
  const closing = async (phone: Device, code: string, since: number) => {
    expect(await phone.hears('closing')).toEqual({ code });
    await phone.isClosed();
    expect(performance.now() - since).toBeLessThan(2_000);
    expect(phone.isActive).toBe(false);
  };

  it('with its session, and not with another', async () => {
    const [first, second] = [await signIn(), await signIn()];
    const [one, other] = [
      await device({ token: first.accessToken }).ready(),
      await device({ token: second.accessToken }).ready(),
    ];
    const since = performance.now();
    await vitrine
      .client({ authorization: `Bearer ${first.accessToken}` })
      .post('/api/users/sign-out', {})
      .expect(204);
    await closing(one, 'signed_out', since);
    expect(other.isConnected).toBe(true);
    expect(await device({ token: first.accessToken }).isRefused()).toMatchObject({ code: 'bad_credentials' });
  });

  it('with its key, and with the account', async () => {
    const eve = await vitrine.signUp();
    const { body: key } = await eve
      .post('/api/users/me/api-keys', { name: 'k', scopes: ['read'], currentPassword: 'correct horse battery' })
      .expect(201);
    const [one, other] = [await device({ apiKey: key.apiKey }).ready(), await device({ apiKey: eve.apiKey }).ready()];
    const since = performance.now();
    await eve.delete(`/api/users/me/api-keys/${key.id}`).expect(204);
    await closing(one, 'signed_out', since);
    expect(other.isConnected).toBe(true);
    await vitrine.command('users', 'disable', eve.username);
    await closing(other, 'account_closed', performance.now());
  });

  it('with an account that its owner closes, whatever it was opened by', async () => {
    const max = await vitrine.signUp();
    const { accessToken } = await signIn(max);
    const phones = [await device({ apiKey: max.apiKey }).ready(), await device({ token: accessToken }).ready()];
    const since = performance.now();
    await max.send('DELETE', '/api/users/me', { currentPassword: 'correct horse battery' }).expect(204);
    for (const phone of phones) await closing(phone, 'account_closed', since);
    expect(await device({ apiKey: max.apiKey }).isRefused()).toMatchObject({ code: 'bad_credentials' });
  });

  it('with its token, unless it gets the next one', async () => {
    const { accessToken, refreshToken } = await signIn();
    const [renewed, left] = [
      await device({ token: accessToken }).ready(),
      await device({ token: accessToken }).ready(),
    ];
    // Tokens expire at whole seconds.
    await sleep(3_000);
    const { body: next } = await vitrine.client().post('/api/users/refresh', { refreshToken }).expect(200);
    expect(await renewed.command('auth.renew', { token: next.accessToken })).toEqual({ data: null });
    const foreign = await signIn(bob);
    for (const token of ['x', foreign.accessToken])
      expect(await left.command('auth.renew', { token })).toMatchObject({
        error: { code: 'bad_credentials', status: 401 },
      });
    await left.hears('closing', ({ code }) => code === 'token_expired', 25_000);
    expect(renewed.isConnected).toBe(true);
  }, 40_000);
});

describe('a command', () => {
  it.each([
    ['that there is not', 'media.explode', [{}], 'command_unknown', 404],
    ['of an object’s own', '__proto__', [{}], 'command_unknown', 404],
    ['named like a method', 'constructor', [{}], 'command_unknown', 404],
    ['without a body', 'auth.renew', [], 'validation_failed', 422],
    ['with two bodies', 'auth.renew', [{ token: 'x' }, {}], 'validation_failed', 422],
    ['with an unknown field', 'auth.renew', [{ token: 'x', more: 1 }], 'validation_failed', 422],
    ['with a text', 'auth.renew', ['x'], 'validation_failed', 422],
    ['with nothing', 'auth.renew', [null], 'validation_failed', 422],
  ])('%s is refused', async (_what, name, args, code, status) => {
    const phone = await adas().ready();
    expect(await phone.command(name, ...args)).toMatchObject({ error: { code, status, title: expect.any(String) } });
    expect(phone.isConnected).toBe(true);
  });

  it('too many times closes the socket, and leaves others alone', async () => {
    const [flood, calm] = [await adas().ready(), await adas().ready()];
    const first = await Promise.all(Array.from({ length: 100 }, () => flood.command('none', {})));
    expect(first.at(-1)).toMatchObject({ error: { code: 'too_many_requests', status: 429 } });
    // However slowly this machine takes them.
    for (let i = 0; i < 3_000; i++) flood.emit('none', {});
    expect(await flood.hears('closing')).toEqual({ code: 'too_many_commands' });
    await flood.isClosed();
    expect(await calm.command('none', {})).toMatchObject({ error: { code: 'command_unknown' } });
  });
});

// The last: the API is another one afterwards.
it('is told before the process ends, comes back, and has missed nothing', async () => {
  const phone = await adas({ reconnects: true }).ready();
  const ended = vitrine.end('api', 'SIGTERM');
  expect(await phone.hears('closing')).toMatchObject({ code: 'draining', retryAfterMs: expect.any(Number) });
  expect(await ended).toBe(0);
  await vitrine.startApi();
  await like();
  await phone.hears('ready', ({ resumed }) => resumed);
  await phone.hears('notification.changed', ({ notification }) => notification);
});

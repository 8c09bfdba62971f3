import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { say, write } from '../setup/chats.js';
import type { Json } from '../setup/client.js';
import { Device, type Heard } from '../setup/device.js';
import { bareMedias } from '../setup/playlists.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let twin: string;
let ada: Account;
let bob: Account;
/** Of ada, for her followers. */
let media: string;
/** Of everybody, where the two meet. */
let others: string;
let token: string;
let adas: Device;
/** At both processes. */
let bobs: Device[];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  twin = await vitrine.startTwin('twin');
}, 120_000);
afterAll(() => vitrine.stop());

beforeEach(async () => {
  const eve = await vitrine.signUp();
  [ada, bob] = [await vitrine.signUp(), await vitrine.signUp()];
  await ada.post(`/api/follows/${bob.username}`).expect(201);
  await bob.post(`/api/follows/${ada.username}`).expect(201);
  await say(ada, bob, 'Hello');
  await say(bob, ada, 'Hello');
  [media] = (await bareMedias(vitrine, ada, 1)) as [string];
  [others] = (await bareMedias(vitrine, eve, 1)) as [string];
  await ada.put(`/api/medias/${media}`, { visibility: 'followers' }).expect(200);
  await ada.put('/api/users/me', { showPresence: 'followers' }).expect(200);
  token = (
    await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: bob.username, password: 'correct horse battery' })
      .expect(200)
  ).body.accessToken;
  adas = await new Device(vitrine.origin, { apiKey: ada.apiKey }).ready();
  bobs = await Promise.all([vitrine.origin, twin].map((origin) => new Device(origin, { token }).ready()));
  await until(
    async () =>
      (
        await vitrine.db.query(
          'select from realtime.presences p join users u on u.id = p.user_id where u.username in ($1, $2)',
          [ada.username, bob.username],
        )
      ).rowCount === 3,
    'both to be written down',
  );
  for (const device of bobs) {
    expect(await device.command('media.watch', { url: media })).toEqual({ data: expect.any(Object) });
    expect(await device.command('presence.watch', { usernames: [ada.username] })).toEqual({
      data: [{ username: ada.username, online: true, lastSeenAt: null }],
    });
  }
  await told();
});
afterEach(() => {
  for (const device of [adas, ...bobs]) device.close();
});

const told = async () => {
  await vitrine.settled();
  await until(async () => (await vitrine.db.query('select from realtime.pending')).rowCount === 0, 'all numbers');
  await sleep(1_200);
};
const forget = () => {
  for (const { heard } of bobs) heard.length = 0;
};
/** Everything that one hears of another. Answers may refuse it. */
const acts: Record<string, () => Promise<unknown>> = {
  comment: () => ada.post(`/api/comments/medias/${media}`, { text: 'Mine' }).expect(201),
  mention: () => ada.post(`/api/comments/medias/${others}`, { text: `Look, @${bob.username}` }).expect(201),
  like: () => ada.post(`/api/medias/${others}/likes`).expect(201),
  repost: () => ada.post(`/api/medias/${others}/reposts`).expect(201),
  follow: () => ada.post(`/api/follows/${bob.username}`),
  typing: () => adas.command('chat.typing', { to: bob.username }),
  message: () => write(ada, bob, { type: 'text', text: 'Are you there?' }),
  reading: async () => {
    await write(bob, ada, { type: 'text', text: 'Yes' });
    const { items } = (await ada.get(`/api/chats/${bob.username}/messages`)).body;
    await ada.put(`/api/chats/${bob.username}/read`, { upTo: items[0].id });
  },
  hiding: () => ada.put('/api/users/me', { showPresence: 'nobody' }).expect(200),
  leaving: async () => adas.close(),
};
const act = async () => {
  for (const one of Object.values(acts)) await one();
};
/** It says something of ada: not that something is gone. */
const tells = ({ name, payload }: Heard): boolean =>
  !(name === 'notification.changed' && payload.notification === null) &&
  !(name === 'presence.changed' && payload.online === null);

it('whoever follows and writes hears all of it', async () => {
  forget();
  await act();
  await told();
  const expected = ['chat.read', 'feed.changed', 'media.counts', 'message.created', 'notification.changed', 'typing'];
  for (const { heard } of bobs) {
    const names = new Set(heard.filter(tells).map(({ name }) => name));
    expect([...names].filter((name) => name !== 'chat.delivered').toSorted()).toEqual(expected);
  }
  for (const device of bobs) await device.hears('presence.changed', ({ online }) => online === null);
}, 30_000);

describe('within two seconds, and then nothing', () => {
  it.each([
    ['the one blocks', () => ada.post(`/api/blocks/${bob.username}`).expect(201)],
    ['the other blocks', () => bob.post(`/api/blocks/${ada.username}`).expect(201)],
    ['the one is disabled', () => vitrine.command('users', 'disable', ada.username)],
    [
      'the one closes the account',
      () => ada.send('DELETE', '/api/users/me', { currentPassword: 'correct horse battery' }).expect(204),
    ],
  ])(
    'when %s',
    async (_what, change) => {
      forget();
      await change();
      const since = performance.now();
      for (const device of bobs) {
        expect(await device.hears('media.gone')).toEqual({ url: media });
        expect(await device.hears('presence.changed')).toEqual({
          username: ada.username,
          online: null,
          lastSeenAt: null,
        });
      }
      expect(performance.now() - since).toBeLessThan(2_000);
      await told();
      forget();
      for (const one of Object.values(acts)) await one().catch(() => undefined); // A disabled one can't act.
      await told();
      for (const { heard } of bobs) expect(heard.filter(tells)).toEqual([]);
      // What was watched is like nothing.
      for (const device of bobs) {
        expect(await device.command('media.watch', { url: media })).toEqual(
          await device.command('media.watch', { url: 'k3JfW0aXq9TzB7Lm' }),
        );
        expect(await device.command('presence.watch', { usernames: [ada.username] })).toEqual({
          data: [{ username: ada.username, online: null, lastSeenAt: null }],
        });
      }
    },
    60_000,
  );

  it.each([
    ['the other stops following', () => bob.delete(`/api/follows/${ada.username}`).expect(204)],
    ['the one removes the follower', () => ada.delete(`/api/follows/followers/${bob.username}`).expect(204)],
  ])(
    'when %s, but messages go on',
    async (_what, change) => {
      forget();
      await change();
      const since = performance.now();
      for (const device of bobs) {
        expect(await device.hears('media.gone')).toEqual({ url: media });
        expect(await device.hears('presence.changed')).toEqual({
          username: ada.username,
          online: null,
          lastSeenAt: null,
        });
      }
      expect(performance.now() - since).toBeLessThan(2_000);
      await told();
      forget();
      await act();
      await told();
      const chats = ['chat.read', 'message.created'];
      for (const { heard } of bobs) {
        const names = heard.filter(tells).map(({ name }) => name);
        expect([...new Set(names)].filter((name) => name !== 'chat.delivered').toSorted()).toEqual(
          // Mentioned on a media that both see.
          [...chats, 'notification.changed'].toSorted(),
        );
        expect(
          heard.flatMap(({ name, payload }: { name: string; payload: Json }) =>
            name === 'notification.changed' && payload.notification ? [payload.notification.kind] : [],
          ),
        ).toEqual(expect.arrayContaining(['mention_in_comment']));
      }
    },
    60_000,
  );

  it.each([
    [
      'the session ends',
      'signed_out',
      () =>
        vitrine
          .client({ authorization: `Bearer ${token}` })
          .post('/api/users/sign-out', {})
          .expect(204),
    ],
    ['the account is disabled', 'account_closed', () => vitrine.command('users', 'disable', bob.username)],
    [
      'the account is closed',
      'account_closed',
      () => bob.send('DELETE', '/api/users/me', { currentPassword: 'correct horse battery' }).expect(204),
    ],
  ])(
    'when %s: the socket is closed',
    async (_what, code, change) => {
      forget();
      await change();
      const since = performance.now();
      for (const device of bobs) {
        expect(await device.hears('closing')).toEqual({ code });
        await device.isClosed();
      }
      expect(performance.now() - since).toBeLessThan(2_000);
      const counts = bobs.map(({ heard }) => heard.length);
      for (const one of Object.values(acts)) await one().catch(() => undefined); // Whom it concerns may be gone.
      await told();
      expect(bobs.map(({ heard }) => heard.length)).toEqual(counts);
    },
    60_000,
  );
});

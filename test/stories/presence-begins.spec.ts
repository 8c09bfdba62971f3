import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { chat, say } from '../setup/chats.js';
import { Device } from '../setup/device.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let twin: string;
let ada: Account;
let bob: Account;
const devices: Device[] = [];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  twin = await vitrine.startTwin('twin');
}, 120_000);
afterAll(() => vitrine.stop());
beforeEach(async () => {
  [ada, bob] = [await vitrine.signUp(), await vitrine.signUp()];
});
afterEach(() => {
  for (const device of devices.splice(0)) device.close();
});

const device = async (of: Account, origin = vitrine.origin): Promise<Device> => {
  const made = new Device(origin, { apiKey: of.apiKey });
  devices.push(made);
  return made.ready();
};
const show = (who: Account, showPresence: string) => who.put('/api/users/me', { showPresence }).expect(200);
const follow = async (one: Account, other: Account) => {
  await one.post(`/api/follows/${other.username}`);
};
const watch = async (phone: Device, ...who: Account[]) =>
  (await phone.command('presence.watch', { usernames: who.map(({ username }) => username) })).data;
const online = (who: Account) => ({ username: who.username, online: true, lastSeenAt: null });
const unknown = (who: Account) => ({ username: who.username, online: null, lastSeenAt: null });
const isWritten = (who: Account, count = 1) =>
  until(
    async () =>
      (
        await vitrine.db.query(
          'select from realtime.presences p join users u on u.id = p.user_id where u.username = $1',
          [who.username],
        )
      ).rowCount === count,
    'who is there to be written down',
    20_000,
    20,
  );

/** The watcher is told within two seconds of who was there all the time. */
const begins = async (change: () => Promise<unknown>) => {
  await device(ada);
  await isWritten(ada);
  const phones = [await device(bob), await device(bob, twin)];
  for (const phone of phones) expect(await watch(phone, ada)).toEqual([unknown(ada)]);
  await sleep(1_000);
  const since = performance.now();
  await change();
  for (const phone of phones) expect(await phone.hears('presence.changed')).toEqual(online(ada));
  expect(performance.now() - since).toBeLessThan(2_000);
};

it('presence is shown at once when a request to follow is accepted', async () => {
  await show(ada, 'followers');
  await ada.put('/api/users/me', { isPrivate: true }).expect(200);
  await follow(bob, ada);
  await begins(() => ada.put(`/api/follows/requests/${bob.username}`).expect(200));
});

it('presence is shown at once when the account opens itself to who asked', async () => {
  await show(ada, 'followers');
  await ada.put('/api/users/me', { isPrivate: true }).expect(200);
  await follow(bob, ada);
  await begins(() => ada.put('/api/users/me', { isPrivate: false }).expect(200));
});

it('presence is shown at once when the other one follows, too', async () => {
  await follow(bob, ada);
  await begins(() => follow(ada, bob));
});

it('presence is shown at once when a request to write is accepted', async () => {
  await say(bob, ada, 'Hello');
  await begins(() => ada.put(`${chat(bob)}/accept`).expect(200));
});

it('presence is shown at once when a request to write is answered', async () => {
  await say(bob, ada, 'Hello');
  await begins(() => say(ada, bob, 'Hello, too'));
});

it('presence is shown at once when somebody writes who is followed', async () => {
  await follow(bob, ada);
  await begins(() => say(ada, bob, 'Hello'));
});

it('presence is shown at once when a block ends', async () => {
  await show(ada, 'everyone');
  await bob.post(`/api/blocks/${ada.username}`).expect(201);
  await begins(() => bob.delete(`/api/blocks/${ada.username}`).expect(204));
});

it('and again at once to who watched before the block', async () => {
  await show(ada, 'everyone');
  await device(ada);
  await isWritten(ada);
  const phone = await device(bob);
  expect(await watch(phone, ada)).toEqual([online(ada)]);
  await ada.post(`/api/blocks/${bob.username}`).expect(201);
  await phone.hears('presence.changed', (changed) => changed.online === null);
  const since = performance.now();
  await ada.delete(`/api/blocks/${bob.username}`).expect(204);
  await phone.hears('presence.changed', (changed) => changed.online);
  expect(performance.now() - since).toBeLessThan(2_000);
});

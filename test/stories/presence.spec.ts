import { MikroORM } from '@mikro-orm/postgresql';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ormOptions } from '../../src/platform/database/orm.js';
import { ForegroundUsers } from '../../src/presence/foreground-users.service.js';
import { Device } from '../setup/device.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let twin: string;
let ada: Account;
let bob: Account;
let eve: Account;
const devices: Device[] = [];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  twin = await vitrine.startTwin('twin');
}, 120_000);
afterAll(() => vitrine.stop());
beforeEach(async () => {
  [ada, bob, eve] = [await vitrine.signUp(), await vitrine.signUp(), await vitrine.signUp()];
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
const asked = async (who: Account, about: Account) =>
  (await who.get(`/api/users/${about.username}/presence`).expect(200)).body;
const watch = async (phone: Device, ...who: Account[]) =>
  (await phone.command('presence.watch', { usernames: who.map(({ username }) => username) })).data;
const online = (who: Account) => ({ username: who.username, online: true, lastSeenAt: null });
const unknown = (who: Account) => ({ username: who.username, online: null, lastSeenAt: null });
const offline = (who: Account) => ({ username: who.username, online: false, lastSeenAt: expect.any(String) });
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

describe('who is watched', () => {
  it('is online with the first socket, and offline ten seconds after the last', async () => {
    await show(ada, 'everyone');
    const watching = [await device(bob), await device(bob, twin)];
    for (const phone of watching) expect(await watch(phone, ada)).toEqual([{ ...offline(ada), lastSeenAt: null }]);
    const first = await device(ada);
    for (const phone of watching) expect(await phone.hears('presence.changed')).toEqual(online(ada));
    expect(await asked(bob, ada)).toEqual(online(ada));
    const second = await device(ada, twin);
    first.close();
    second.close();
    // Nobody is told of a page that is loaded again.
    await sleep(3_000);
    const third = await device(ada);
    await sleep(8_000);
    for (const phone of watching) expect(phone.of('presence.changed')).toHaveLength(1);
    const leftAt = Date.now();
    third.close();
    for (const phone of watching) {
      const told = await phone.hears('presence.changed', (changed) => changed.online === false, 20_000);
      expect(told).toEqual(offline(ada));
      expect(Date.now() - leftAt).toBeGreaterThan(9_000);
      expect(Math.abs(Date.parse(told.lastSeenAt) - leftAt)).toBeLessThan(2_000);
      expect(await asked(bob, ada)).toEqual(told);
    }
  }, 60_000);

  it('is not told any more when it is not watched', async () => {
    await show(ada, 'everyone');
    await show(eve, 'everyone');
    const phone = await device(bob);
    expect(await watch(phone, ada, eve)).toHaveLength(2);
    expect(await phone.command('presence.unwatch', { usernames: [ada.username.toUpperCase()] })).toEqual({
      data: null,
    });
    // What was on its way when it was watched, as after the change of who may know.
    phone.heard.length = 0;
    await device(ada);
    await device(eve);
    await phone.hears('presence.changed', (changed) => changed.username === eve.username && changed.online);
    await sleep(500);
    expect(phone.of('presence.changed').filter(({ username }) => username === ada.username)).toEqual([]);
  });

  it('is at most two hundred users, and only names', async () => {
    const phone = await device(bob);
    const usernames = Array.from({ length: 200 }, (_, i) => `nobody-${i}`);
    const { data } = await phone.command('presence.watch', { usernames });
    expect(data).toEqual(usernames.map((username) => ({ username, online: null, lastSeenAt: null })));
    const bad = [[], [...usernames, 'x'], [''], ['a\u0000'], ['x'.repeat(31)], ['a b'], [1], 'ada', null];
    for (const list of bad)
      expect(await phone.command('presence.watch', { usernames: list })).toMatchObject({
        error: { code: 'validation_failed', status: 422 },
      });
    await vitrine.db.query(
      `insert into users (username, email, password_hash, display_name)
       select 'many-' || n, 'many-' || n || '@example.org', 'x', 'x' from generate_series(1, 201) n`,
    );
    const many = Array.from({ length: 201 }, (_, i) => `many-${i + 1}`);
    expect(await phone.command('presence.watch', { usernames: many.slice(0, 200) })).toEqual({
      data: expect.any(Array),
    });
    expect(await phone.command('presence.watch', { usernames: many.slice(0, 200) })).toEqual({
      data: expect.any(Array),
    });
    expect(await phone.command('presence.watch', { usernames: many.slice(200) })).toMatchObject({
      error: { code: 'limit_reached', status: 409 },
    });
  });
});

describe('presence is shown', () => {
  it.each([
    ['everyone', { stranger: true, follower: true, followed: true, mutual: true }],
    ['followers', { stranger: false, follower: true, followed: false, mutual: true }],
    ['mutual', { stranger: false, follower: false, followed: false, mutual: true }],
    ['nobody', { stranger: false, follower: false, followed: false, mutual: false }],
  ])(
    'to %s as the setting says',
    async (setting, expected) => {
      const [stranger, follower, followed, mutual] = [bob, eve, await vitrine.signUp(), await vitrine.signUp()];
      await follow(follower, ada);
      await follow(mutual, ada);
      await follow(ada, followed);
      await follow(ada, mutual);
      // The default.
      if (setting !== 'mutual') await show(ada, setting);
      expect((await ada.get('/api/users/me').expect(200)).body.showPresence).toBe(setting);
      await device(ada);
      await isWritten(ada);
      for (const [name, who] of Object.entries({ stranger, follower, followed, mutual })) {
        const shown = expected[name as keyof typeof expected] ? online(ada) : unknown(ada);
        expect([name, await asked(who, ada)]).toEqual([name, shown]);
        const phone = await device(who);
        expect([name, await watch(phone, ada)]).toEqual([name, [shown]]);
        // Who hides from all sees nobody's.
        await show(who, 'nobody');
        expect(await asked(who, ada)).toEqual(unknown(ada));
      }
      expect(await asked(ada, ada)).toEqual(online(ada));
      await bob.put('/api/users/me', { showPresence: 'friends' }).expect(422, 'validation_failed');
      expect((await bob.get(`/api/users/${ada.username}`).expect(200)).body).not.toHaveProperty('showPresence');
    },
    60_000,
  );

  it('to nobody who may not see the profile', async () => {
    await show(ada, 'everyone');
    await ada.post(`/api/blocks/${bob.username}`).expect(201);
    await device(ada);
    await isWritten(ada);
    await bob.get(`/api/users/${ada.username}/presence`).expect(404, 'user_not_found');
    await bob.get('/api/users/nobody-at-all/presence').expect(404, 'user_not_found');
    expect(await watch(await device(bob), ada)).toEqual([unknown(ada)]);
    await vitrine.client().get(`/api/users/${ada.username}/presence`).expect(401, 'not_signed_in');
    expect(await asked(ada, bob)).toEqual(unknown(bob));
  });

  /** The watcher is told within two seconds that it may not know, and then nothing, whatever happens. */
  const ends = async (change: () => Promise<unknown>, watcher: Account, watched: Account) => {
    const phones = [await device(watcher), await device(watcher, twin)];
    const there = await device(watched);
    await isWritten(watched);
    for (const phone of phones) expect(await watch(phone, watched)).toEqual([online(watched)]);
    // After the read that follows whoever begins to watch.
    await sleep(1_000);
    const since = performance.now();
    await change();
    for (const phone of phones) await phone.hears('presence.changed', (changed) => changed.online === null);
    expect(performance.now() - since).toBeLessThan(2_000);
    there.close();
    await sleep(12_000);
    for (const phone of phones) expect(phone.of('presence.changed')).toEqual([unknown(watched)]);
  };

  it.each([
    ['the one blocks the other', () => ada.post(`/api/blocks/${bob.username}`).expect(201)],
    ['the other blocks the one', () => bob.post(`/api/blocks/${ada.username}`).expect(201)],
    ['the one hides it', () => show(ada, 'nobody')],
    ['the other hides their own', () => show(bob, 'nobody')],
  ])(
    'no more when %s',
    async (_what, change) => {
      await show(ada, 'everyone');
      await ends(change, bob, ada);
    },
    60_000,
  );

  it('no more when one of two stops following', async () => {
    await follow(ada, bob);
    await follow(bob, ada);
    await ends(() => bob.delete(`/api/follows/${ada.username}`).expect(204), bob, ada);
  }, 60_000);
});

describe('a process that ends', () => {
  it('by a signal takes nobody offline who comes back elsewhere', async () => {
    await show(ada, 'everyone');
    const phone = await device(bob);
    const name = 'leaving';
    const origin = await vitrine.startTwin(name);
    const there = await device(ada, origin);
    await isWritten(ada);
    expect(await watch(phone, ada)).toEqual([online(ada)]);
    expect(await vitrine.end(name, 'SIGTERM')).toBe(0);
    await there.isClosed();
    await device(ada);
    await sleep(12_000);
    expect(phone.of('presence.changed')).toEqual([]);
  }, 60_000);

  it('without a word is buried by another, and its users were last seen with it', async () => {
    await show(ada, 'everyone');
    const phone = await device(bob);
    const origin = await vitrine.startTwin('dying');
    await device(ada, origin);
    await isWritten(ada);
    expect(await watch(phone, ada)).toEqual([online(ada)]);
    await vitrine.end('dying', 'SIGKILL');
    const { rows } = await vitrine.db.query(
      `update realtime.processes set seen_at = now() - interval '31 seconds'
       where id = (select process_id from realtime.presences p join users u on u.id = p.user_id where u.username = $1)
       returning seen_at`,
      [ada.username],
    );
    expect(await asked(bob, ada)).toMatchObject({ online: false });
    const told = await phone.hears('presence.changed', (changed) => changed.online === false, 20_000);
    expect(Date.parse(told.lastSeenAt)).toBeGreaterThanOrEqual(rows[0].seen_at.getTime());
    await isWritten(ada, 0);
  }, 60_000);

  it('and comes back, or PostgreSQL that has lost who is there, changes nothing', async () => {
    await show(ada, 'everyone');
    await device(ada);
    await isWritten(ada);
    // As after a crash: the tables are unlogged.
    await vitrine.db.query('truncate realtime.processes, realtime.presences');
    expect(await asked(bob, ada)).toMatchObject({ online: false });
    await isWritten(ada);
    expect(await asked(bob, ada)).toEqual(online(ada));
  }, 60_000);
});

it('who has a device in the foreground, at any process, needs no push', async () => {
  const orm = await MikroORM.init(ormOptions(vitrine.databaseUrl, [], 2));
  try {
    const foregroundUsers = new ForegroundUsers(orm.em);
    const [phone, desk] = [await device(ada), await device(ada, twin)];
    const { userId } = phone.of('ready')[0];
    const becomes = (isActive: boolean) =>
      until(
        async () => (await foregroundUsers.of([userId])).has(userId) === isActive,
        `active: ${isActive}`,
        5_000,
        20,
      );
    await isWritten(ada, 2);
    await becomes(false);
    expect(await desk.command('presence.active', { active: true })).toEqual({ data: null });
    await becomes(true);
    await phone.command('presence.active', { active: true });
    await desk.command('presence.active', { active: false });
    await sleep(500);
    await becomes(true);
    phone.close();
    await becomes(false);
    expect(await desk.command('presence.active', { active: 'yes' })).toMatchObject({ error: { status: 422 } });
  } finally {
    await orm.close();
  }
});

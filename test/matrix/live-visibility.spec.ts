import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ephemeralEvents, isForProcesses, liveEvents } from '../../src/platform/realtime/live-events.js';
import { Device } from '../setup/device.js';
import { picture } from '../setup/make-media.js';
import { bareMedias } from '../setup/playlists.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Followers, and those whom a block hides, although a row that should not exist says that they follow. */
const following = ['follower', 'blocked', 'blocking'] as const;
const everybody = ['owner', ...following, 'asked', 'stranger', 'moderator', 'readingKey'] as const;
type Who = (typeof everybody)[number];
type Account = Awaited<ReturnType<Vitrine['signUp']>>;

let vitrine: Vitrine;
let ada: Account;
let url: string;
const devices = new Map<Who, Device>();
beforeAll(async () => {
  vitrine = await Vitrine.start();
  const people = {} as Record<Who, Account>;
  await Promise.all(everybody.map(async (who) => (people[who] = await vitrine.signUp())));
  ada = people.owner;
  for (const who of [...following, 'asked'] as const)
    await vitrine.db.query(
      `insert into follows (follower_id, followee_id, accepted_at) select f.id, o.id, case when $3 then now() end
       from users f, users o where f.username = $1 and o.username = $2`,
      [people[who].username, ada.username, who !== 'asked'],
    );
  for (const [one, other] of [
    [ada, people.blocked],
    [people.blocking, ada],
  ] as const)
    await vitrine.db.query(
      'insert into blocks (blocker_id, blocked_id) select o.id, b.id from users o, users b where o.username = $1 and b.username = $2',
      [one.username, other.username],
    );
  await vitrine.db.query(`update users set role = 'moderator' where username = $1`, [people.moderator.username]);
  const wanted = { name: 'x', scopes: ['read'], currentPassword: 'correct horse battery' };
  const { body: key } = await people.readingKey.post('/api/users/me/api-keys', wanted).expect(201);
  [url] = (await bareMedias(vitrine, ada, 1)) as [string];
  await vitrine.settled();
  for (const who of everybody) {
    const apiKey: string = who === 'readingKey' ? key.apiKey : people[who].apiKey;
    devices.set(who, await new Device(vitrine.origin, { apiKey }).ready());
  }
  await until(
    async () => (await vitrine.db.query('select from realtime.presences')).rowCount === everybody.length,
    'all to be written down',
  );
}, 120_000);
afterAll(async () => {
  for (const device of devices.values()) device.close();
  await vitrine.stop();
});

const seers: Who[] = ['owner', 'follower', 'asked', 'stranger', 'moderator', 'readingKey'];
const show = (visibility: string) => () => ada.put(`/api/medias/${url}`, { visibility }).expect(200);
interface State {
  name: string;
  visibility: 'public' | 'unlisted' | 'followers' | 'private';
  /** @returns when it was done */
  enter: () => Promise<unknown>;
  seenBy: Who[];
  /** Whether followers find what is published so. */
  isListed: boolean;
  isEnd?: boolean;
}
/** Entered in this order: the last two can't be left. */
const states: State[] = [
  { name: 'unlisted', visibility: 'unlisted', enter: show('unlisted'), seenBy: seers, isListed: false },
  { name: 'public', visibility: 'public', enter: show('public'), seenBy: seers, isListed: true },
  {
    name: 'for followers',
    visibility: 'followers',
    enter: show('followers'),
    seenBy: ['owner', 'follower'],
    isListed: true,
  },
  { name: 'private', visibility: 'private', enter: show('private'), seenBy: ['owner'], isListed: false },
  {
    name: 'public in a private account',
    visibility: 'public',
    async enter() {
      await show('public')();
      await ada.put('/api/users/me', { isPrivate: true }).expect(200);
    },
    seenBy: ['owner', 'follower'],
    isListed: true,
  },
  {
    name: 'of a disabled account',
    visibility: 'public',
    enter: () => vitrine.command('users', 'disable', ada.username),
    seenBy: [],
    isListed: false,
    isEnd: true,
  },
  {
    name: 'deleted',
    visibility: 'public',
    enter: () => vitrine.db.query('delete from medias where url = $1', [url]),
    seenBy: [],
    isListed: false,
    isEnd: true,
  },
];

const nowhere = 'k3JfW0aXq9TzB7Lm';
let watching: Who[] = [];
const here = () => [...devices].filter(([, { isConnected }]) => isConnected);
const forget = () => {
  for (const device of devices.values()) device.heard.length = 0;
};
/** What each has heard, by name. How far a file is may be told or not. */
const heard = () =>
  Object.fromEntries(
    [...devices].map(([who, { heard: all }]) => [
      who,
      [...new Set(all.map(({ name }) => name))].filter((name) => name !== 'file.progress').toSorted(),
    ]),
  );
const quiet = (is: (who: Who) => string[] = () => []) =>
  Object.fromEntries(everybody.map((who) => [who, is(who).toSorted()]));
/** All that follows has been told, as far as there is anything. */
const told = async () => {
  await vitrine.settled();
  await until(async () => (await vitrine.db.query('select from realtime.pending')).rowCount === 0, 'all numbers');
  await sleep(1_200);
};
/** Both counters move: of the media, and of its comment. */
const stir = async () => {
  const { body } = await ada.post(`/api/comments/medias/${url}`, { text: 'Here' }).expect(201);
  await ada.post(`/api/comments/${body.url}/likes`).expect(201);
};

describe.each(states)('of what is $name', ({ visibility, enter, seenBy, isListed, isEnd = false }) => {
  it('who watched it is told within two seconds, and nothing more', async () => {
    forget();
    await enter();
    const since = performance.now();
    for (const who of watching)
      if (who !== 'owner' || !isEnd) await devices.get(who)!.hears('media.gone', ({ url: of }) => of === url);
    expect(performance.now() - since).toBeLessThan(2_000);
    if (isEnd) await devices.get('owner')!.isClosed();
    await told();
    forget();
    if (isEnd) await vitrine.db.query('update medias set likes_count = likes_count + 1 where url = $1', [url]);
    else await stir();
    await told();
    expect(heard()).toEqual(quiet());
    watching = [];
  }, 30_000);

  it('it is watched by its viewers, and is like nothing to others', async () => {
    for (const [who, device] of here()) {
      const answer = await device.command('media.watch', { url });
      const missing = await device.command('media.watch', { url: nowhere });
      if (seenBy.includes(who)) {
        expect([who, answer]).toEqual([who, { data: expect.any(Object) }]);
        watching.push(who);
      } else expect([who, answer]).toEqual([who, missing]);
      expect(missing).toMatchObject({ error: { code: 'media_not_found', status: 404 } });
    }
    expect(watching.toSorted()).toEqual(seenBy.toSorted());
  });

  it('its viewers hear what moves, its followers what is new, its owner of the file, and others nothing', async () => {
    if (isEnd) return;
    await told();
    forget();
    await stir();
    await ada.publish('photo', await picture(64, 64).png().toBuffer(), { visibility });
    const expected = quiet((who) => [
      ...(seenBy.includes(who) ? ['media.counts', 'comment.counts'] : []),
      ...(who === 'owner' ? ['file.changed'] : []),
      ...(who === 'follower' && isListed ? ['feed.changed', 'notification.changed'] : []),
    ]);
    await told();
    // Timelines are told of every five seconds at most.
    if (isListed) await devices.get('follower')!.hears('feed.changed');
    expect(heard()).toEqual(expected);
    for (const who of everybody) if (who !== 'owner') expect(devices.get(who)!.of('file.progress')).toEqual([]);
  }, 60_000);
});

it('every event is in this matrix, or in that of relations', () => {
  const chats = /^(message|chat)\.|^typing$|^presence\.changed$|^notifications\.read$/;
  const here = ['media.counts', 'comment.counts', 'media.gone', 'feed.changed', 'notification.changed'];
  const names = [...Object.keys(liveEvents).filter((name) => !isForProcesses(name)), ...Object.keys(ephemeralEvents)];
  expect(names.filter((name) => !chats.test(name)).toSorted()).toEqual(
    [...here, 'file.changed', 'file.progress'].toSorted(),
  );
});

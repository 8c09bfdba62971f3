import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Awaited<ReturnType<Vitrine['signUp']>>;

let vitrine: Vitrine;
let ada: User;
let bob: User;
let eve: User;
const medias = {} as Record<'ada' | 'bob', Json>;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob, eve] = (await Promise.all(Array.from({ length: 3 }, () => vitrine.signUp()))) as [User, User, User];
  medias.ada = await ada.publish('photo', await picture(80, 60).png().toBuffer());
  medias.bob = await bob.publish('photo', await picture(81, 60).png().toBuffer());
  // What follows from publishing records events, too.
  await vitrine.settled();
});
afterAll(() => vitrine.stop());
beforeEach(() =>
  vitrine.db.query('delete from blocks; delete from mutes; delete from follows; delete from outbox_events'),
);

const names = async (who: Client, path: string): Promise<string[]> =>
  (await who.get(path).expect(200)).body.items.map(({ username }: Json) => username);
const urls = async (who: Client, path: string): Promise<string[]> =>
  (await who.get(path).expect(200)).body.items.map(({ url }: Json) => url);
const changes = async (): Promise<string[]> =>
  (await vitrine.db.query('select name from outbox_events order by id')).rows.map(({ name }) => name);

describe('blocking', () => {
  it('is done once, ends following in both directions, and can be undone', async () => {
    await ada.post(`/api/follows/${bob.username}`).expect(201);
    await bob.post(`/api/follows/${ada.username}`).expect(201);
    await vitrine.db.query('delete from outbox_events');
    const path = `/api/blocks/${bob.username}`;
    const { body } = await ada.post(path).expect(201);
    expect(body).toEqual({ following: false, followsMe: false, requested: false, blocking: true, muting: false });
    await ada.post(path).expect(200);
    expect(await changes()).toEqual(['block.changed', 'follow.changed', 'follow.changed']);
    for (const user of [ada, bob]) {
      const { body: own } = await user.get('/api/users/me').expect(200);
      expect(own.counts).toMatchObject({ followers: 0, followings: 0 });
    }
    expect(await names(ada, '/api/blocks')).toEqual([bob.username]);
    expect(await names(bob, '/api/blocks')).toEqual([]);
    await ada.post(`/api/follows/${bob.username}`).expect(409, 'blocked');
    await bob.post(`/api/follows/${ada.username}`).expect(404, 'user_not_found');
    await ada.delete(path).expect(204);
    await ada.delete(path).expect(204);
    expect(await names(ada, '/api/blocks')).toEqual([]);
    await bob.post(`/api/follows/${ada.username}`).expect(201);
  });

  it('cancels requests', async () => {
    await ada.put('/api/users/me', { isPrivate: true }).expect(200);
    await bob.post(`/api/follows/${ada.username}`).expect(202);
    await bob.post(`/api/blocks/${ada.username}`).expect(201);
    expect(await names(ada, '/api/follows/requests')).toEqual([]);
    await bob.delete(`/api/blocks/${ada.username}`).expect(204);
    await ada.put(`/api/follows/requests/${bob.username}`).expect(404, 'request_not_found');
    await ada.put('/api/users/me', { isPrivate: false }).expect(200);
    await bob.get(`/api/users/${ada.username}/followers`).expect(200);
  });

  it('is refused where it makes no sense', async () => {
    for (const verb of ['blocks', 'mutes']) {
      for (const method of ['POST', 'DELETE']) {
        await ada.send(method, `/api/${verb}/me`).expect(422, 'yourself');
        await ada.send(method, `/api/${verb}/nobody-at-all`).expect(404, 'user_not_found');
        await vitrine.client().send(method, `/api/${verb}/${bob.username}`).expect(401);
      }
      await vitrine.client().get(`/api/${verb}`).expect(401);
    }
  });

  it('hides the blocker as if the account did not exist, also from changes', async () => {
    const [carl, dan] = [await vitrine.signUp(), await vitrine.signUp()];
    await carl.post(`/api/blocks/${dan.username}`).expect(201);
    for (const name of [carl.username, 'nobody-has-this'])
      for (const place of ['profile-photo', 'channel-photo']) {
        await dan.delete(`/api/users/${name}/${place}`).expect(404, 'user_not_found');
        await dan.put(`/api/users/${name}/${place}`, { photo: 'k3JfW0aXq9TzB7Lm' }).expect(404, 'user_not_found');
      }
    await carl.delete(`/api/users/${dan.username}/profile-photo`).expect(403, 'not_yours');
  });

  it('hides both from each other, everywhere', async () => {
    await eve.post(`/api/follows/${bob.username}`).expect(201);
    await eve.post(`/api/follows/${ada.username}`).expect(201);
    const reads = async (who: User, other: User, media: Json) => ({
      media: (await who.get(`/api/medias/${media.url}`)).status,
      bytes: (await who.get(`/api/photos/${media.files[0].url}`)).status,
      inAll: (await urls(who, '/api/medias?limit=100')).includes(media.url),
      inTheirs: (await urls(who, `/api/medias?username=${other.username}`)).includes(media.url),
      inUsers: (await names(who, '/api/users?limit=100')).includes(other.username),
      inSearch: (await names(who, `/api/users/search/${other.username}`)).includes(other.username),
      inFollowings: (await names(who, `/api/users/${eve.username}/followings`)).includes(other.username),
    });
    const open = {
      media: 200,
      bytes: 200,
      inAll: true,
      inTheirs: true,
      inUsers: true,
      inSearch: true,
      inFollowings: true,
    };
    const hidden = {
      media: 404,
      bytes: 404,
      inAll: false,
      inTheirs: false,
      inUsers: false,
      inSearch: false,
      inFollowings: false,
    };
    expect(await reads(ada, bob, medias.bob)).toEqual(open);
    // Of others, by the blocked user.
    const other = await vitrine.signUp();
    const { url } = await other.publish('photo', await picture(40, 31).png().toBuffer());
    await bob.post(`/api/medias/${url}/reposts`).expect(201);
    const lists = [`/api/users/${bob.username}/reposts`, `/api/feeds/user/${bob.username}`];
    await ada.post(`/api/blocks/${bob.username}`).expect(201);
    expect(await reads(ada, bob, medias.bob)).toEqual(hidden);
    expect(await reads(bob, ada, medias.ada)).toEqual(hidden);
    // The blocker sees the blocked user, who sees nothing.
    const { body } = await ada.get(`/api/users/${bob.username}`).expect(200);
    expect(body.viewer.blocking).toBe(true);
    for (const path of lists) {
      expect((await ada.get(path).expect(200)).body.items, path).toEqual([]);
      expect((await vitrine.client().get(path).expect(200)).body.items, path).not.toEqual([]);
    }
    for (const path of ['', '/followers', '/followings'])
      await bob.get(`/api/users/${ada.username}${path}`).expect(404, 'user_not_found');
    await bob.send('PUT', `/api/users/${ada.username}`, { bio: 'x' }).expect(404, 'user_not_found');
    await bob.post(`/api/blocks/${ada.username}`).expect(404, 'user_not_found');
    await bob.post(`/api/mutes/${ada.username}`).expect(404, 'user_not_found');
    await bob.put(`/api/follows/requests/${ada.username}`).expect(404, 'user_not_found');
    // An anonymous client is not blocked.
    await vitrine.client().get(`/api/medias/${medias.bob.url}`).expect(200);
    await vitrine.client().get(`/api/photos/${medias.bob.files[0].url}`).expect(200);
    await ada.delete(`/api/blocks/${bob.username}`).expect(204);
    expect(await reads(ada, bob, medias.bob)).toEqual(open);
    expect(await reads(bob, ada, medias.ada)).toEqual(open);
  });
});

describe('muting', () => {
  it('hides from lists, and nothing else', async () => {
    await ada.post(`/api/follows/${bob.username}`).expect(201);
    const path = `/api/mutes/${bob.username}`;
    const { body } = await ada.post(path).expect(201);
    expect(body).toMatchObject({ muting: true, following: true, blocking: false });
    await ada.post(path).expect(200);
    expect(await names(ada, '/api/mutes')).toEqual([bob.username]);
    expect(await urls(ada, '/api/medias?limit=100')).not.toContain(medias.bob.url);
    await ada.get(`/api/medias/${medias.bob.url}`).expect(200);
    expect((await bob.get(`/api/users/${ada.username}`).expect(200)).body.viewer.followsMe).toBe(true);
    await ada.delete(path).expect(204);
    await ada.delete(path).expect(204);
    expect(await urls(ada, '/api/medias?limit=100')).toContain(medias.bob.url);
    expect(await changes()).toEqual(['follow.changed']);
  });
});

describe('at once', () => {
  const state = async () => {
    const { rows } = await vitrine.db.query(
      `select (select count(*)::int from blocks) as blocks, (select count(*)::int from follows) as follows,
         (select sum(followers_count + followings_count)::int from users) as counted`,
    );
    return rows[0];
  };

  it('parallel following and blocking end in a valid state', async () => {
    for (let round = 0; round < 25; round++) {
      const answers = await Promise.all([
        ada.post(`/api/follows/${bob.username}`),
        bob.post(`/api/blocks/${ada.username}`),
        bob.post(`/api/follows/${ada.username}`),
        ada.post(`/api/follows/${bob.username}`),
        ada.delete(`/api/follows/${bob.username}`),
        ...(round % 2 ? [bob.delete(`/api/blocks/${ada.username}`), ada.post(`/api/follows/${bob.username}`)] : []),
      ]);
      expect(answers.filter(({ status }) => status >= 500).map(({ body }) => body)).toEqual([]);
      const { blocks, follows, counted } = await state();
      expect({ both: blocks > 0 && follows > 0, counted }).toEqual({ both: false, counted: 2 * follows });
      if (round % 2 === 0) expect(blocks).toBe(1);
      await vitrine.db.query('delete from blocks; delete from follows');
    }
  });

  it('two users blocking each other do not deadlock', async () => {
    for (let round = 0; round < 15; round++) {
      await Promise.all([ada.post(`/api/follows/${bob.username}`), bob.post(`/api/follows/${ada.username}`)]);
      const answers = await Promise.all([
        ada.post(`/api/blocks/${bob.username}`),
        bob.post(`/api/blocks/${ada.username}`),
        ada.post(`/api/mutes/${bob.username}`),
        bob.post(`/api/mutes/${ada.username}`),
      ]);
      expect(answers.filter(({ status }) => ![201, 404].includes(status)).map(({ body }) => body)).toEqual([]);
      // For the second one the other did not exist any more.
      expect(await state()).toEqual({ blocks: 1, follows: 0, counted: 0 });
      await vitrine.db.query('delete from blocks; delete from mutes');
    }
  });
});

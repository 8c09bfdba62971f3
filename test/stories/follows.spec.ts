import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Awaited<ReturnType<Vitrine['signUp']>>;

let vitrine: Vitrine;
let ada: User;
let bob: User;
let eve: User;
/** A private account. */
let zoe: User;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob, eve, zoe] = (await Promise.all(Array.from({ length: 4 }, () => vitrine.signUp()))) as [
    User,
    User,
    User,
    User,
  ];
  await zoe.put('/api/users/me', { isPrivate: true }).expect(200);
});
afterAll(() => vitrine.stop());

const names = async (who: Client, path: string): Promise<string[]> =>
  (await who.get(path).expect(200)).body.items.map(({ username }: Json) => username);
const counts = async ({ username }: User) => {
  const { body } = await vitrine.client().get(`/api/users/${username}`).expect(200);
  return [body.counts.followers, body.counts.followings];
};
/** Every counter matches the rows. */
async function expectTrueCounters() {
  const { rows } = await vitrine.db.query(`select username from users u where
    followers_count <> (select count(*) from follows where followee_id = u.id and accepted_at is not null and is_counted) or
    followings_count <> (select count(*) from follows where follower_id = u.id and accepted_at is not null and is_counted)`);
  expect(rows).toEqual([]);
}
const told = async (follower: User, followee: User): Promise<number> => {
  const { rows } = await vitrine.db.query(
    `select count(*)::int as n from outbox_events where name = 'follow.changed'
       and payload->>'followerId' = (select id::text from users where username = $1)
       and payload->>'followeeId' = (select id::text from users where username = $2)`,
    [follower.username, followee.username],
  );
  return rows[0].n;
};

describe('following', () => {
  it('is done once, however often it is requested, and can be undone', async () => {
    const path = `/api/follows/${bob.username}`;
    const { body } = await ada.post(path).expect(201);
    expect(body).toEqual({
      status: 'following',
      following: true,
      followsMe: false,
      requested: false,
      blocking: false,
      muting: false,
    });
    await ada.post(path.toUpperCase().replace('/API/FOLLOWS', '/api/follows')).expect(200);
    expect([await counts(ada), await counts(bob)]).toEqual([
      [0, 1],
      [1, 0],
    ]);
    const { body: seen } = await bob.get(`/api/users/${ada.username}`).expect(200);
    expect(seen.viewer).toMatchObject({ followsMe: true, following: false });
    expect(await told(ada, bob)).toBe(1);
    await ada.delete(path).expect(204);
    await ada.delete(path).expect(204);
    expect(await counts(bob)).toEqual([0, 0]);
    expect(await told(ada, bob)).toBe(2);
  });

  it('is refused where it makes no sense', async () => {
    for (const send of [(path: string) => ada.post(path), (path: string) => ada.delete(path)]) {
      await send('/api/follows/me').expect(422, 'yourself');
      await send(`/api/follows/${ada.username}`).expect(422, 'yourself');
      await send('/api/follows/nobody-at-all').expect(404, 'user_not_found');
      await send('/api/follows/%20').expect(422, 'validation_failed');
    }
    await vitrine.client().post(`/api/follows/${ada.username}`).expect(401, 'not_signed_in');
    await vitrine.db.query('update users set disabled_at = now() where username = $1', [bob.username]);
    await ada.post(`/api/follows/${bob.username}`).expect(404, 'user_not_found');
    await vitrine.db.query('update users set disabled_at = null where username = $1', [bob.username]);
    const { body } = await vitrine
      .client()
      .post('/api/users', {
        username: 'unverified',
        email: 'unverified@example.org',
        password: 'correct horse battery',
      })
      .expect(201);
    await vitrine
      .client({ 'x-api-key': body.apiKey })
      .post(`/api/follows/${bob.username}`)
      .expect(403, 'email_not_verified');
  });

  it('shows what is for followers, as long as it lasts', async () => {
    const media = await bob.publish('photo', await picture(80, 60).png().toBuffer(), { visibility: 'followers' });
    const path = `/api/medias/${media.url}`;
    await ada.get(path).expect(404);
    await ada.post(`/api/follows/${bob.username}`).expect(201);
    await ada.get(path).expect(200);
    await ada.get(`/api/photos/${media.files[0].url}`).expect(200);
    await eve.get(path).expect(404);
    await ada.delete(`/api/follows/${bob.username}`).expect(204);
    await ada.get(path).expect(404);
    await ada.post(`/api/follows/${bob.username}`).expect(201);
    await bob.delete(`/api/follows/followers/${ada.username}`).expect(204);
    await bob.delete(`/api/follows/followers/${ada.username}`).expect(204);
    await ada.get(path).expect(404);
    await ada.get(`/api/photos/${media.files[0].url}`).expect(404);
    expect(await counts(bob)).toEqual([0, 0]);
  });
});

describe('a private account', () => {
  const ask = (who: User) => who.post(`/api/follows/${zoe.username}`);

  it('gets a request, and answers it', async () => {
    const media = await zoe.publish('photo', await picture(81, 60).png().toBuffer());
    const { body } = await ask(ada).expect(202);
    expect(body).toMatchObject({ status: 'requested', requested: true, following: false });
    await ask(ada).expect(202);
    expect(await told(ada, zoe)).toBe(1);
    await ask(bob).expect(202);
    expect(await counts(zoe)).toEqual([0, 0]);
    expect(await names(zoe, '/api/follows/requests')).toEqual([bob.username, ada.username]);
    expect(await names(ada, '/api/follows/requested')).toEqual([zoe.username]);
    await ada.get(`/api/medias/${media.url}`).expect(404);

    await zoe.put(`/api/follows/requests/${ada.username}`).expect(200);
    await zoe.put(`/api/follows/requests/${ada.username}`).expect(200);
    await zoe.put(`/api/follows/requests/${eve.username}`).expect(404, 'request_not_found');
    await ada.get(`/api/medias/${media.url}`).expect(200);
    await ask(ada).expect(200);
    await zoe.delete(`/api/follows/requests/${bob.username}`).expect(204);
    await zoe.delete(`/api/follows/requests/${bob.username}`).expect(204);
    // An accepted follower can't be declined any more.
    await zoe.delete(`/api/follows/requests/${ada.username}`).expect(204);
    await zoe.put(`/api/follows/requests/${bob.username}`).expect(404, 'request_not_found');
    expect(await names(zoe, '/api/follows/requests')).toEqual([]);
    expect(await names(bob, '/api/follows/requested')).toEqual([]);
    expect([await counts(zoe), await told(ada, zoe), await told(bob, zoe)]).toEqual([[1, 0], 2, 2]);
  });

  it('shows its followers and followings to them and itself', async () => {
    await zoe.post(`/api/follows/${eve.username}`).expect(201);
    for (const list of ['followers', 'followings']) {
      const path = `/api/users/${zoe.username}/${list}`;
      for (const who of [bob, eve, vitrine.client()]) await who.get(path).expect(403, 'private_account');
      const expected = [list === 'followers' ? ada.username : eve.username];
      expect(await names(ada, path)).toEqual(expected);
      expect(await names(zoe, path)).toEqual(expected);
      expect(await names(zoe, `/api/users/me/${list}`)).toEqual(expected);
      await vitrine.client().get(`/api/users/me/${list}`).expect(401, 'not_signed_in');
      await ada.get(`/api/users/nobody-at-all/${list}`).expect(404, 'user_not_found');
    }
    // In a public account's lists it is visible to everybody.
    expect(await names(bob, `/api/users/${eve.username}/followers`)).toEqual([zoe.username]);
  });

  it('accepts all requests when it becomes public, and keeps the followers when it is private again', async () => {
    await ask(bob).expect(202);
    await ask(eve).expect(202);
    await zoe.put('/api/users/me', { bio: 'Still private' }).expect(200);
    expect(await counts(zoe)).toEqual([1, 1]);
    const { body } = await zoe.put('/api/users/me', { isPrivate: false }).expect(200);
    expect(body.counts.followers).toBe(3);
    expect(await names(zoe, '/api/follows/requests')).toEqual([]);
    expect(await told(eve, zoe)).toBe(2);
    await zoe
      .put('/api/users/me', { isPrivate: true, newPassword: 'a staple of correct horses', currentPassword: 'wrong' })
      .expect(401, 'wrong_password');
    await zoe.put('/api/users/me', { isPrivate: true }).expect(200);
    expect(await counts(zoe)).toEqual([3, 1]);
    await expectTrueCounters();
  });

  it('accepts nobody if the password for the rest of the change is wrong', async () => {
    await bob.delete(`/api/follows/${zoe.username}`).expect(204);
    await ask(bob).expect(202);
    const change = { isPrivate: false, newPassword: 'a staple of correct horses' };
    await zoe.put('/api/users/me', { ...change, currentPassword: 'wrong' }).expect(401, 'wrong_password');
    expect(await names(zoe, '/api/follows/requests')).toEqual([bob.username]);
    await zoe.put('/api/users/me', { ...change, currentPassword: 'correct horse battery' }).expect(200);
    expect(await names(zoe, '/api/follows/requests')).toEqual([]);
    expect(await counts(zoe)).toEqual([3, 1]);
  });
});

describe('the lists', () => {
  it('list everybody once, newest first, with the relation of the viewer to each', async () => {
    const star = await vitrine.signUp();
    await vitrine.db.query(
      `insert into users (username, email, password_hash, display_name, email_verified_at)
       select 'fan-' || n, 'fan-' || n || '@example.org', '', 'Fan', now() from generate_series(1, 25) n`,
    );
    for (let n = 1; n <= 25; n++)
      await vitrine.db.query(
        `insert into follows (follower_id, followee_id, accepted_at)
         select f.id, s.id, now() from users f, users s where f.username = $1 and s.username = $2`,
        [`fan-${n}`, star.username],
      );
    await vitrine.db.query(`update users set disabled_at = now() where username = 'fan-7'`);
    await ada.post('/api/follows/fan-3').expect(201);
    await ada.post('/api/blocks/fan-9').expect(201);
    const seen = await ada.all(`/api/users/${star.username}/followers`, 10);
    const expected = Array.from({ length: 25 }, (_, i) => `fan-${25 - i}`);
    expect(seen.map(({ username }) => username)).toEqual(expected.filter((name) => !/-[79]$/.test(name)));
    expect(seen.filter(({ viewer }) => viewer.following).map(({ username }) => username)).toEqual(['fan-3']);
    const { body } = await ada.get(`/api/users/${star.username}/followers?limit=2`).expect(200);
    await ada.get(`/api/users/${star.username}/followings?cursor=${body.nextCursor}`).expect(422, 'validation_failed');
    const { body: open } = await vitrine.client().get(`/api/users/${star.username}/followers?limit=1`).expect(200);
    expect(open.items[0]).not.toHaveProperty('viewer');
  });
});

describe('at once', () => {
  it('many parallel follows and unfollows leave all counters exact', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, () => vitrine.signUp()));
    const wrong: Json[] = [];
    const one = async (i: number) => {
      const [from, to] = [people[i % 5]!, people[(i * 7 + Math.floor(i / 5)) % 5]!];
      const path = `/api/follows/${to.username}`;
      const { status, body } = await (i % 3 === 2 ? from.delete(path) : from.post(path));
      const expected = from === to ? [422] : i % 3 === 2 ? [204] : [200, 201];
      if (!expected.includes(status)) wrong.push({ status, body });
    };
    for (let burst = 0; burst < 4; burst++)
      await Promise.all(Array.from({ length: 75 }, (_, i) => one(75 * burst + i)));
    expect(wrong).toEqual([]);
    await expectTrueCounters();
    await Promise.all(
      people.flatMap((from) => people.map((to) => from !== to && from.post(`/api/follows/${to.username}`))),
    );
    for (const person of people) expect(await counts(person)).toEqual([4, 4]);
  });

  it('a request made while the account becomes public is not left pending', async () => {
    const fans = await Promise.all(Array.from({ length: 6 }, () => vitrine.signUp()));
    const owner = await vitrine.signUp();
    for (let round = 0; round < 12; round++) {
      await owner.put('/api/users/me', { isPrivate: true }).expect(200);
      await Promise.all(fans.map((fan) => fan.delete(`/api/follows/${owner.username}`).expect(204)));
      const change =
        round % 2
          ? { isPrivate: false }
          : { isPrivate: false, email: owner.email, currentPassword: 'correct horse battery' };
      const [edited, ...answers] = await Promise.all([
        owner.put('/api/users/me', change),
        ...fans.map((fan) => fan.post(`/api/follows/${owner.username}`)),
        ...fans.map((fan) => owner.post(`/api/follows/${fan.username}`)),
      ]);
      expect(edited.status).toBe(200);
      expect(answers.map(({ status }) => status).filter((status) => ![200, 201, 202].includes(status))).toEqual([]);
      const { rows } = await vitrine.db.query('select count(*)::int as n from follows where accepted_at is null');
      expect(rows[0].n).toBe(0);
      expect(await counts(owner)).toEqual([6, 6]);
      await expectTrueCounters();
    }
  });
});

it('a deleted account follows nobody, and has no followers', async () => {
  const gone = await vitrine.signUp();
  const stays = await vitrine.signUp();
  await gone.post(`/api/follows/${stays.username}`).expect(201);
  await stays.post(`/api/follows/${gone.username}`).expect(201);
  await gone.post(`/api/blocks/${eve.username}`).expect(201);
  await eve.post(`/api/mutes/${stays.username}`).expect(201);
  expect(await counts(stays)).toEqual([1, 1]);
  await gone.send('DELETE', '/api/users/me', { currentPassword: 'correct horse battery' }).expect(204);
  expect(await names(stays, '/api/users/me/followers')).toEqual([]);
  expect(await names(stays, '/api/users/me/followings')).toEqual([]);
  await until(async () => (await counts(stays)).join() === '0,0', 'the counters to follow');
  await expectTrueCounters();
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import type { Client, Json } from '../setup/client.js';
import { post } from '../setup/feeds.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

const people = (count: number) => Promise.all(Array.from({ length: count }, () => newPerson(vitrine)));
const follow = (one: Person, other: Person) => one.client.post(`/api/follows/${other.username}`).expect(201);
const repost = (one: Person, url: string) => one.client.post(`/api/medias/${url}/reposts`).expect(201);
const timeline = async ({ client }: Person, query = 'limit=100'): Promise<Json[]> =>
  (await client.get(`/api/feeds/timeline?${query}`).expect(200)).body.items;
const urls = async (one: Person) => (await timeline(one)).map(({ url }) => url);
/** Materialized, whatever it was before. */
async function materialize(one: Person): Promise<void> {
  await timeline(one);
  await vitrine.settled();
  const { rows } = await vitrine.db.query('select from feed_entries where reader_id = $1 and floor', [one.id]);
  expect(rows).toHaveLength(1);
}

describe('the global feed', () => {
  it('shows everybody what is public, the latest first, and by type', async () => {
    const [ada] = await people(1);
    const [photo, music] = [await post(vitrine, ada!.id), await post(vitrine, ada!.id, { type: 'music' })];
    const hidden = await post(vitrine, ada!.id, { visibility: 'followers' });
    const { body } = await anybody.get('/api/feeds/global').expect(200);
    expect(body.items.slice(0, 2)).toMatchObject([
      { url: music, verb: 'post', repostedBy: [], following: false, owner: { username: ada!.username } },
      { url: photo },
    ]);
    expect(JSON.stringify(body)).not.toContain(hidden);
    expect(JSON.stringify(body)).not.toContain('@example.org');
    const ofType = await anybody.get('/api/feeds/global?type=music').expect(200);
    expect(ofType.body.items[0].url).toBe(music);
    expect(ofType.body.items.every(({ type }: Json) => type === 'music')).toBe(true);
    await anybody.get('/api/feeds/global?type=gif').expect(422, 'validation_failed');
    await anybody.get('/api/feeds/global?since=x').expect(422, 'validation_failed');
    await anybody.get('/api/feeds/timeline').expect(401);
  });
});

describe('the feed of a user', () => {
  it('has their posts and reposts, a media once, and the owner of a repost as somebody one may follow', async () => {
    const [ada, bob, eve] = await people(3);
    const [own, foreign] = [await post(vitrine, ada!.id), await post(vitrine, bob!.id)];
    await repost(ada!, foreign);
    await repost(ada!, own);
    await follow(eve!, bob!);
    const { body } = await eve!.client.get(`/api/feeds/user/${ada!.username}`).expect(200);
    expect(body.items).toMatchObject([
      { url: own, verb: 'repost', following: false, repostedBy: [{ username: ada!.username }] },
      { url: foreign, verb: 'repost', following: true },
    ]);
    await ada!.client.put('/api/users/me', { isPrivate: true }).expect(200);
    await eve!.client.get(`/api/feeds/user/${ada!.username}`).expect(403, 'private_account');
    expect((await ada!.client.get('/api/feeds/user/me').expect(200)).body.items).toHaveLength(2);
    await anybody.get('/api/feeds/user/me').expect(401);
    await anybody.get('/api/feeds/user/nobody-here').expect(404, 'user_not_found');
  });
});

it('a media that is made public later comes to the top, also by `since`, and its followers are told', async () => {
  const [ada, bob] = await people(2);
  await follow(bob!, ada!);
  const hidden = await post(vitrine, ada!.id, { visibility: 'private' });
  const shown = await post(vitrine, ada!.id);
  await materialize(bob!);
  const feeds = ['feeds/timeline', 'feeds/global', `feeds/user/${ada!.username}`];
  const read = async (feed: string, query = '') => (await bob!.client.get(`/api/${feed}${query}`).expect(200)).body;
  const before = await Promise.all(feeds.map((feed) => read(feed)));
  await ada!.client.put(`/api/medias/${hidden}`, { visibility: 'public' }).expect(200);
  for (const settled of [false, true]) {
    if (settled) await vitrine.settled();
    for (const [i, feed] of feeds.entries()) {
      const { items } = await read(feed, `?since=${encodeURIComponent(before[i].newestCursor)}`);
      expect(items.map(({ url }: Json) => url)).toContain(hidden);
      expect((await read(feed)).items.slice(0, 2).map(({ url }: Json) => url)).toEqual([hidden, shown]);
    }
  }
  const { body } = await bob!.client.get('/api/notifications?kind=media_published').expect(200);
  expect(body.items.map(({ media }: Json) => media.url)).toContain(hidden);
  // Not published again: they had it.
  for (const visibility of ['followers', 'private', 'public'])
    await ada!.client.put(`/api/medias/${shown}`, { visibility }).expect(200);
  expect((await read('feeds/timeline')).items.map(({ url }: Json) => url)).toEqual([hidden, shown]);
  // Everybody finds it now, not only followers.
  const some = await post(vitrine, ada!.id, { visibility: 'followers' });
  const last = await post(vitrine, ada!.id);
  const { newestCursor } = await read('feeds/global');
  await ada!.client.put(`/api/medias/${some}`, { visibility: 'public' }).expect(200);
  const { items } = await read('feeds/global', `?since=${encodeURIComponent(newestCursor)}`);
  expect(items.map(({ url }: Json) => url)).toEqual([some]);
  expect((await read('feeds/global')).items.slice(0, 2).map(({ url }: Json) => url)).toEqual([some, last]);
});

describe.each(['before', 'after'] as const)('a timeline, followed %s it was materialized', (when) => {
  async function reader(...followed: Person[]): Promise<Person> {
    const [eve] = await people(1);
    if (when === 'after') await materialize(eve!);
    for (const one of followed) await follow(eve!, one);
    if (when === 'before') await materialize(eve!);
    return eve!;
  }

  it('begins with the last fifty of whom one follows, and has all that comes after', async () => {
    const [ada] = await people(1);
    const posted: string[] = [];
    for (let i = 0; i < 60; i++) posted.push(await post(vitrine, ada!.id));
    const eve = await reader(ada!);
    expect(await urls(eve)).toEqual(posted.toReversed().slice(0, 50));
    for (let i = 0; i < 5; i++) posted.push(await post(vitrine, ada!.id));
    expect(await urls(eve)).toEqual(posted.toReversed().slice(0, 55));
    await vitrine.settled();
    expect(await urls(eve)).toEqual(posted.toReversed().slice(0, 55));
  });

  it('loses on unfollow what it had, or keeps it', async () => {
    const [ada, bob] = await people(2);
    const [fromAda, fromBob] = [await post(vitrine, ada!.id), await post(vitrine, bob!.id)];
    const eve = await reader(ada!, bob!);
    expect(await urls(eve)).toEqual([fromBob, fromAda]);
    await eve.client.delete(`/api/follows/${ada!.username}`).expect(204);
    await eve.client.delete(`/api/follows/${bob!.username}?keep=true`).expect(204);
    await post(vitrine, bob!.id);
    for (const isSettled of [false, true]) {
      if (isSettled) await vitrine.settled();
      expect(await urls(eve)).toEqual([fromBob]);
    }
    await eve.client.delete(`/api/follows/${bob!.username}`).expect(204);
    expect(await urls(eve)).toEqual([]);
    await eve.client.delete(`/api/follows/${bob!.username}?keep=maybe`).expect(422);
  });

  it('has a media once, at its latest repost, with who reposted it', async () => {
    const [ada, bob, cleo, stranger] = await people(4);
    const media = await post(vitrine, ada!.id);
    const eve = await reader(ada!, bob!, cleo!);
    const later = await post(vitrine, ada!.id);
    expect(await urls(eve)).toEqual([later, media]);
    await repost(bob!, media);
    await repost(cleo!, media);
    await repost(stranger!, media);
    const reposters = async () =>
      (await timeline(eve)).map(({ url, verb, repostedBy }) => [url, verb, repostedBy.map((r: Json) => r.username)]);
    expect(await reposters()).toEqual([
      [media, 'repost', [cleo!.username, bob!.username]],
      [later, 'post', []],
    ]);
    await eve.client.post(`/api/mutes/${cleo!.username}`).expect(201);
    await bob!.client.delete(`/api/medias/${media}/reposts`).expect(204);
    expect(await reposters()).toEqual([
      [later, 'post', []],
      [media, 'post', []],
    ]);
    await ada!.client.put(`/api/medias/${media}`, { visibility: 'private' }).expect(200);
    await ada!.client.delete(`/api/medias/${later}`).expect(204);
    expect(await urls(eve)).toEqual([]);
  });

  it('has a media once, at its post, if that is later than its reposts', async () => {
    const [ada, bob] = await people(2);
    const media = await post(vitrine, ada!.id);
    const eve = await reader(ada!, bob!);
    await repost(bob!, media);
    await vitrine.db.query(
      `update activities set created_at = now() - interval '2 days' where media_id = (select id from medias where url = $1)`,
      [media],
    );
    for (const visibility of ['private', 'public'])
      await ada!.client.put(`/api/medias/${media}`, { visibility }).expect(200);
    for (const isSettled of [false, true]) {
      if (isSettled) await vitrine.settled();
      expect((await timeline(eve)).map(({ url, verb }) => [url, verb])).toEqual([[media, 'post']]);
    }
    await eve.client.delete(`/api/follows/${ada!.username}`).expect(204);
    expect((await timeline(eve)).map(({ url, verb }) => [url, verb])).toEqual([[media, 'repost']]);
  });

  it('is grouped by who did what on which day, with live numbers', async () => {
    const [ada, bob] = await people(2);
    const posted: string[] = [];
    for (let i = 0; i < 12; i++) posted.push(await post(vitrine, ada!.id));
    const other = await post(vitrine, bob!.id);
    await repost(bob!, posted[0]!);
    const eve = await reader(ada!, bob!);
    await eve.client.post(`/api/medias/${posted[11]}/likes`).expect(201);
    const read = async (query = '') =>
      (await eve.client.get(`/api/feeds/timeline-aggregated${query}`).expect(200)).body;
    const { items, newestCursor } = await read();
    const day = new Date().toISOString().slice(0, 10);
    expect(items).toMatchObject([
      { actor: { username: bob!.username }, verb: 'repost', day, count: 1, medias: [{ url: posted[0] }] },
      { actor: { username: bob!.username }, verb: 'post', day, count: 1, medias: [{ url: other }] },
      { actor: { username: ada!.username }, verb: 'post', day, count: 11 },
    ]);
    expect(items[2].medias.map(({ url }: Json) => url)).toEqual(posted.slice(2).toReversed());
    expect(items[2].medias[0]).toMatchObject({ counts: { likes: 1 }, viewer: { reaction: '👍' } });
    const grown = await post(vitrine, bob!.id);
    expect((await read(`?since=${newestCursor}`)).items).toMatchObject([
      { verb: 'post', medias: [{ url: grown }, { url: other }] },
    ]);
    const first = await read('?limit=1');
    expect((await read(`?limit=5&cursor=${first.nextCursor}`)).items).toMatchObject([
      { verb: 'repost' },
      { actor: { username: ada!.username } },
    ]);
  });
});

describe('since', () => {
  it('misses nothing that is committed late', async () => {
    const [ada, bob, eve] = await people(3);
    for (const one of [ada!, bob!]) await follow(eve!, one);
    await materialize(eve!);
    const late = await vitrine.db.connect();
    await late.query('begin');
    await late.query(
      `insert into medias (url, owner_id, type, shown, status) values ($1, $2, 'photo', true, 'ready')`,
      ['heldopen' + eve!.username.slice(-8), ada!.id],
    );
    const early = await post(vitrine, bob!.id);
    const addresses = ['/api/feeds/timeline', '/api/feeds/timeline-aggregated', '/api/feeds/global'];
    const before = await Promise.all(addresses.map((address) => eve!.client.get(`${address}?limit=1`).expect(200)));
    expect(before[0]!.body.items[0].url).toBe(early);
    await late.query('commit');
    late.release();
    for (const [i, address] of addresses.entries()) {
      const { body } = await eve!.client.get(`${address}?since=${before[i]!.body.newestCursor}`).expect(200);
      expect(JSON.stringify(body.items), address).toContain('heldopen');
      expect(JSON.stringify(body.items), address).not.toContain(early);
      const { body: nothing } = await eve!.client.get(`${address}?since=${body.newestCursor}`).expect(200);
      expect(nothing).toEqual({ items: [], nextCursor: null, newestCursor: body.newestCursor });
    }
  });

  it('and cursors together give each post once, while others write', async () => {
    const [ada, bob, eve] = await people(3);
    for (const one of [ada!, bob!]) await follow(eve!, one);
    await materialize(eve!);
    const posted: string[] = [];
    let isOver = false;
    const writing = Promise.all(
      [ada!, bob!].map(async ({ id }) => {
        for (let i = 0; i < 60; i++) posted.push(await post(vitrine, id));
      }),
    ).then(() => (isOver = true));
    const seen: string[] = [];
    let since: string | null = null;
    for (let isLast = false; !isLast;) {
      isLast = isOver;
      const from: string = since === null ? '' : `&since=${since}`;
      let cursor: string | null = null;
      do {
        const { body }: { body: Json } = await eve!.client
          .get(`/api/feeds/timeline?limit=7${from}${cursor ? `&cursor=${cursor}` : ''}`)
          .expect(200);
        if (cursor === null) since = body.newestCursor;
        seen.push(...body.items.map(({ url }: Json) => url));
        cursor = body.nextCursor;
      } while (cursor !== null);
    }
    await writing;
    expect(seen.toSorted()).toEqual(posted.toSorted());
  });
});

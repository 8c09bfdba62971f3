import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let crowd: Account[];
let media: Json;
let address: string;

beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, ...crowd] = (await Promise.all(Array.from({ length: 6 }, () => vitrine.signUp()))) as [Account, ...Account[]];
  media = await ada.publish('photo', await picture(64, 64).png().toBuffer());
  address = `/api/medias/${media.url}`;
}, 120_000);
afterAll(() => vitrine.stop());

const read = async (client: Client): Promise<Json> => (await client.get(address).expect(200)).body;
const clear = () => Promise.all([ada, ...crowd].map((user) => user.delete(`${address}/reaction`).expect(204)));

describe('a reaction', () => {
  it('is one per user: liking twice is one like, and one call changes it', async () => {
    const [bob] = crowd as [Account];
    await bob.post(`${address}/likes`).expect(201);
    await bob.post(`${address}/likes`, { isLike: true }).expect(200);
    expect(await read(bob)).toMatchObject({
      counts: { likes: 1, dislikes: 0, reactions: 1 },
      viewer: { reaction: '👍' },
    });
    const { body } = await bob.post(`${address}/likes`, { isLike: false }).expect(200);
    expect(body).toEqual({ reaction: '👎', counts: { likes: 0, dislikes: 1, reactions: 1 } });
    await bob.put(`${address}/reaction`, { emoji: '🏳️‍🌈' }).expect(200);
    expect((await read(bob)).counts).toMatchObject({ likes: 0, dislikes: 0, reactions: 1 });
    // Removing a like leaves other reactions.
    await bob.delete(`${address}/likes`).expect(204);
    expect((await read(bob)).viewer).toMatchObject({ reaction: '🏳️‍🌈' });
    await bob.delete(`${address}/reaction`).expect(204);
    await bob.delete(`${address}/reaction`).expect(204);
    expect(await read(bob)).toMatchObject({ counts: { reactions: 0 }, viewer: { reaction: null } });
  });

  it('may be to one’s own media, and works like any other', async () => {
    await ada.put(`${address}/reaction`, { emoji: '🎉' }).expect(201);
    expect((await read(ada)).counts.reactions).toBe(1);
    await clear();
  });

  it.each(['😀', '👍🏽', '🇩🇪', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '👩‍👩‍👧‍👦', '❤️', '❤', '1️⃣', '🧑🏿‍🚀'])('takes %s', async (emoji) => {
    const { body } = await crowd[0]!.put(`${address}/reaction`, { emoji });
    expect(body.reaction).toBe(emoji === '❤' ? '❤️' : emoji);
    // A thumb with a skin tone is a reaction of its own, not a like.
    expect(body.counts).toEqual({ likes: 0, dislikes: 0, reactions: 1 });
  });

  it.each(['', 'a', '1', '👍👍', '👍 ', '😀a', '🇩', '\u200D', ':)', '️', '<3', '🏽🏽'])(
    'refuses %j, which is not one emoji',
    async (emoji) => {
      await crowd[0]!.put(`${address}/reaction`, { emoji }).expect(422, 'validation_failed');
    },
  );

  it('lists who reacted, the newest first, optionally with one emoji only', async () => {
    await clear();
    for (const [i, user] of crowd.entries())
      await user.put(`${address}/reaction`, { emoji: i % 2 ? '👍' : '❤️' }).expect(201);
    const reactors = await vitrine.client().all(`${address}/likes`, 2);
    expect(reactors.map(({ user }) => user.username)).toEqual(crowd.map(({ username }) => username).toReversed());
    const { body } = await ada.get(`${address}/likes?emoji=${encodeURIComponent('👍')}`).expect(200);
    expect(body.items.map(({ user }: Json) => user.username)).toEqual([crowd[3]!.username, crowd[1]!.username]);
    const { body: reacted } = await crowd[0]!.get('/api/users/me/reacted').expect(200);
    expect(reacted.items).toMatchObject([{ url: media.url, viewer: { reaction: '❤️' } }]);
    const { body: liked } = await crowd[0]!.get(`/api/users/me/reacted?emoji=${encodeURIComponent('👍')}`).expect(200);
    expect(liked).toEqual({ items: [], nextCursor: null });
  });

  it('is counted exactly under parallel changes', async () => {
    const emojis = ['👍', '👎', '😀', '🇫🇷'];
    const work = crowd.flatMap((user, u) =>
      Array.from({ length: 12 }, (_, i) =>
        (i + u) % 4 === 3
          ? user.delete(`${address}/reaction`)
          : user.put(`${address}/reaction`, { emoji: emojis[(i * 7 + u) % 4]! }),
      ),
    );
    const answers = await Promise.all(work);
    expect(answers.filter(({ status }) => status >= 300)).toEqual([]);
    const { rows } = await vitrine.db.query(
      `select count(*) filter (where emoji = '👍')::int as likes, count(*) filter (where emoji = '👎')::int as dislikes, count(*)::int as reactions
       from reactions where media_id = (select id from medias where url = $1)`,
      [media.url],
    );
    expect((await read(ada)).counts).toMatchObject(rows[0]);
    const received = async () => (await ada.get('/api/users/me').expect(200)).body.counts.likesReceived as number;
    await until(async () => (await received()) === rows[0].likes, 'the likes to come to the owner', 20_000);
  });

  it('is deleted with its media, also from the profile, while others still react', async () => {
    const doomed = await ada.publish('photo', await picture(65, 64).png().toBuffer());
    await crowd[0]!.post(`/api/medias/${doomed.url}/likes`).expect(201);
    const [deletion, ...answers] = await Promise.all([
      ada.delete(`/api/medias/${doomed.url}`),
      ...crowd.flatMap((user) => [
        user.post(`/api/medias/${doomed.url}/likes`),
        user.post(`/api/medias/${doomed.url}/saves`),
        user.post(`/api/medias/${doomed.url}/views`),
        user.delete(`/api/medias/${doomed.url}/likes`),
      ]),
    ]);
    expect(deletion.status).toBe(204);
    expect(answers.filter(({ status }) => status >= 300 && status !== 404)).toEqual([]);
    const off = async () => {
      const { rows } = await vitrine.db.query(
        `select (likes_received_count - (select sum(likes_count) from medias m where m.owner_id = u.id))::int as off
         from users u where username = $1`,
        [ada.username],
      );
      return rows[0].off as number;
    };
    await until(async () => (await off()) === 0, 'the likes to come to the owner', 20_000);
    await crowd[0]!.post(`/api/medias/${doomed.url}/likes`).expect(404, 'media_not_found');
  });
});

describe('a repost', () => {
  it('is unique, and appears on the profile of the reposter', async () => {
    const [bob, eve] = crowd as [Account, Account];
    await bob.post(`${address}/reposts`).expect(201);
    await bob.post(`${address}/reposts`).expect(200);
    expect(await read(bob)).toMatchObject({ counts: { reposts: 1 }, viewer: { reposted: true } });
    const { body } = await eve.get(`/api/users/${bob.username}/reposts`).expect(200);
    expect(body.items).toMatchObject([{ url: media.url, owner: { username: ada.username } }]);
    expect((await eve.get(`/api/users/${ada.username}/reposts`).expect(200)).body.items).toEqual([]);
    const { body: reposters } = await eve.get(`${address}/reposts`).expect(200);
    expect(reposters.items).toMatchObject([{ user: { username: bob.username } }]);
    await ada.put(address, { visibility: 'private' }).expect(200);
    expect((await eve.get(`/api/users/${bob.username}/reposts`).expect(200)).body.items).toEqual([]);
    await eve.post(`${address}/reposts`).expect(404, 'media_not_found');
    await ada.put(address, { visibility: 'public' }).expect(200);
    await bob.delete(`${address}/reposts`).expect(204);
    await bob.delete(`${address}/reposts`).expect(204);
    expect((await read(bob)).counts.reposts).toBe(0);
  });

  it('of a private account is visible to its followers only', async () => {
    const [bob, eve] = crowd as [Account, Account];
    await bob.put('/api/users/me', { isPrivate: true }).expect(200);
    await eve.get(`/api/users/${bob.username}/reposts`).expect(403, 'private_account');
    await vitrine.client().get(`/api/users/${bob.username}/reposts`).expect(403, 'private_account');
    await bob.get('/api/users/me/reposts').expect(200);
    await bob.put('/api/users/me', { isPrivate: false }).expect(200);
    await vitrine.client().get('/api/users/nobody-at-all/reposts').expect(404, 'user_not_found');
  });
});

describe('saved medias', () => {
  it('are visible to their user only', async () => {
    const [bob, eve] = crowd as [Account, Account];
    await bob.post(`${address}/saves`).expect(201);
    await bob.post(`${address}/saves`).expect(200);
    expect(await read(bob)).toMatchObject({ counts: { saves: 1 }, viewer: { saved: true } });
    expect((await read(eve)).viewer).toMatchObject({ saved: false, reposted: false });
    const { body } = await bob.get('/api/users/me/saved').expect(200);
    expect(body.items).toMatchObject([{ url: media.url, savedAt: expect.any(String) }]);
    await bob.delete(`${address}/saves`).expect(204);
    await bob.delete(`${address}/saves`).expect(204);
    expect((await bob.get('/api/users/me/saved').expect(200)).body.items).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let bob: Account;
let eve: Account;
let crowd: Account[];
let media: Json;
let address: string;
let pixels = 64;

const photo = async (owner: Client, more: object = {}): Promise<Json> =>
  owner.publish('photo', await picture(64, pixels++).png().toBuffer(), more);

beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob, eve, ...crowd] = (await Promise.all(Array.from({ length: 7 }, () => vitrine.signUp()))) as [
    ...[Account, Account, Account],
    ...Account[],
  ];
  media = await photo(ada, { title: 'Sunset' });
  address = `/api/medias/${media.url}`;
}, 120_000);
afterAll(() => vitrine.stop());

const list = async (client: Client, query = ''): Promise<Json[]> =>
  (await client.get(`/api/notifications?limit=100${query}`).expect(200)).body.items;
const unread = async (client: Client): Promise<number> =>
  (await client.get('/api/notifications/unread-count').expect(200)).body.count;
/** Waits for notifications that jobs create. */
const told = (client: Client, kind: string, is: (item: Json) => boolean = () => true): Promise<Json> =>
  until(async () => (await list(client, `&kind=${kind}`)).find(is), `${kind} to be told`);
const nothing = (client: Client, kind: string) =>
  until(async () => (await list(client, `&kind=${kind}`)).length === 0, `${kind} to be withdrawn`);
const names = (item: Json) => item.actors.map(({ username }: Json) => username);
const readAll = async (client: Client) => {
  const { body } = await client.get('/api/notifications').expect(200);
  if (body.newestCursor) await client.put('/api/notifications/read', { upTo: body.newestCursor }).expect(204);
};

describe('reactions', () => {
  it('to one media are one item, with the latest actors and the number of the others', async () => {
    for (const [i, user] of [bob, ...crowd].entries()) {
      await user.post(`${address}/likes`).expect(201);
      await told(ada, 'like', ({ actorsCount }) => actorsCount === i + 1);
    }
    const line = await told(ada, 'like');
    expect(names(line)).toEqual(
      crowd
        .map(({ username }) => username)
        .toReversed()
        .slice(0, 3),
    );
    expect(line).toMatchObject({
      actorsCount: 5,
      read: false,
      emoji: '👍',
      media: { url: media.url, title: 'Sunset' },
    });
    expect(line.text).toBe(`${crowd.at(-1)!.username} and 4 others liked “Sunset”`);
    expect(await unread(ada)).toBe((await list(ada, '&filter=unread')).length);
    expect((await vitrine.client().get(line.media.thumb)).status).toBe(200);
  });

  it('are withdrawn when undone, and change with the reaction', async () => {
    await bob.put(`${address}/reaction`, { emoji: '🎈' }).expect(200);
    expect(await told(ada, 'reaction')).toMatchObject({ actorsCount: 1, emoji: '🎈' });
    await told(ada, 'like', ({ actorsCount }) => actorsCount === 4);
    await bob.put(`${address}/reaction`, { emoji: '🎉' }).expect(200);
    await told(ada, 'reaction', ({ emoji }) => emoji === '🎉');
    await bob.delete(`${address}/reaction`).expect(204);
    await nothing(ada, 'reaction');
  });

  it('to one’s own media notify nobody', async () => {
    const own = await photo(bob);
    await bob.post(`/api/medias/${own.url}/likes`).expect(201);
    await ada.post(`/api/medias/${own.url}/likes`).expect(201);
    expect(names(await told(bob, 'like'))).toEqual([ada.username]);
  });

  it('start another item once theirs was read', async () => {
    await readAll(ada);
    expect(await unread(ada)).toBe(0);
    await bob.post(`${address}/likes`).expect(201);
    const line = await told(ada, 'like', ({ read }) => !read);
    expect(line).toMatchObject({ actorsCount: 1 });
    expect(await unread(ada)).toBe(1);
    expect((await list(ada, '&kind=like')).map(({ actorsCount }) => actorsCount)).toEqual([1, 4]);
    await ada.put(`/api/notifications/${line.id}/read`).expect(204);
    expect(await unread(ada)).toBe(0);
    await eve.put(`/api/notifications/${line.id}/read`).expect(404, 'notification_not_found');
    await eve.delete(`/api/notifications/${line.id}`).expect(204);
    expect(await list(ada, '&kind=like')).toHaveLength(2);
    await ada.delete(`/api/notifications/${line.id}`).expect(204);
    expect(await list(ada, '&kind=like')).toHaveLength(1);
    await bob.delete(`${address}/likes`).expect(204);
  });

  it('match the final state, however many parallel changes there are', async () => {
    const target = await photo(ada, { title: 'Restless' });
    const work = [bob, eve, ...crowd].map(async (user, u) => {
      for (let i = 0; i < 8; i++) {
        if ((i + u) % 3 === 2) await user.delete(`/api/medias/${target.url}/reaction`).expect(204);
        else await user.post(`/api/medias/${target.url}/likes`, { isLike: (i + u) % 2 === 0 });
      }
    });
    await Promise.all(work);
    const of = (kind: string) => async () =>
      (await list(ada, `&kind=${kind}`)).find(({ media: about }) => about.url === target.url)?.actorsCount ?? 0;
    const { body } = await ada.get(`/api/medias/${target.url}`).expect(200);
    await until(async () => (await of('like')()) === body.counts.likes, 'the likes');
    await until(async () => (await of('dislike')()) === body.counts.dislikes, 'the dislikes');
    expect(await unread(ada)).toBe((await list(ada, '&filter=unread')).length);
    await ada.delete(`/api/medias/${target.url}`).expect(204);
    expect(await of('like')()).toBe(0);
    await readAll(ada);
  });
});

describe('followers', () => {
  it('are one item; each follow request is its own', async () => {
    await ada.post(`/api/follows/${eve.username}`).expect(201);
    await bob.post(`/api/follows/${eve.username}`).expect(201);
    const line = await told(eve, 'follow', ({ actorsCount }) => actorsCount === 2);
    expect(names(line)).toEqual(expect.arrayContaining([ada.username, bob.username]));
    await bob.delete(`/api/follows/${eve.username}`).expect(204);
    await told(eve, 'follow', ({ actorsCount }) => actorsCount === 1);
    await eve.put('/api/users/me', { isPrivate: true }).expect(200);
    for (const user of crowd.slice(0, 2)) await user.post(`/api/follows/${eve.username}`).expect(202);
    await until(async () => (await list(eve, '&kind=follow_request')).length === 2, 'two requests');
    await eve.put(`/api/follows/requests/${crowd[0]!.username}`).expect(200);
    await until(async () => (await list(eve, '&kind=follow_request')).length === 1, 'one request');
    await told(eve, 'follow', ({ actorsCount }) => actorsCount === 2);
    await eve.delete(`/api/follows/requests/${crowd[1]!.username}`).expect(204);
    await nothing(eve, 'follow_request');
    await eve.put('/api/users/me', { isPrivate: false }).expect(200);
  });

  it('are notified of what is published for them, once, and of nothing else', async () => {
    const seen = await photo(eve, { title: 'For all' });
    await told(ada, 'media_published', ({ media: about }) => about.url === seen.url);
    await photo(eve, { title: 'Secret', visibility: 'private' });
    await photo(eve, { title: 'By address', visibility: 'unlisted' });
    const last = await photo(eve, { title: 'For followers', visibility: 'followers' });
    await told(ada, 'media_published', ({ media: about }) => about.url === last.url);
    const titles = (await list(ada, '&kind=media_published')).map(({ media: about }) => about.title);
    expect(titles).toEqual(['For followers', 'For all']);
    expect(await list(bob, '&kind=media_published')).toEqual([]);
    // Medias hidden since are in no list and no count.
    const before = await unread(ada);
    await eve.put(`/api/medias/${last.url}`, { visibility: 'private' }).expect(200);
    expect((await list(ada, '&kind=media_published')).map(({ media: about }) => about.title)).toEqual(['For all']);
    expect(await unread(ada)).toBe(before - 1);
  });

  it('with a mute or block are not notified', async () => {
    await ada.post(`/api/mutes/${eve.username}`).expect(201);
    await bob.post(`/api/follows/${eve.username}`).expect(201);
    const post = await photo(eve, { title: 'Unheard' });
    await told(bob, 'media_published', ({ media: about }) => about.url === post.url);
    expect((await list(ada, '&kind=media_published')).map(({ media: about }) => about.title)).not.toContain('Unheard');
    await ada.delete(`/api/mutes/${eve.username}`).expect(204);
    await ada.post(`/api/blocks/${eve.username}`).expect(201);
    expect((await list(ada)).flatMap(names)).not.toContain(eve.username);
    await until(async () => (await list(eve)).flatMap(names).every((name) => name !== ada.username), 'silence');
    await ada.delete(`/api/blocks/${eve.username}`).expect(204);
    expect((await list(ada)).flatMap(names)).not.toContain(eve.username);
  });
});

describe('comments', () => {
  const comment = async (user: Client, text: string, replyTo?: string): Promise<Json> =>
    (await user.post(`/api/comments/${'medias'}/${media.url}`, { text, ...(replyTo && { replyTo }) }).expect(201)).body;

  it('are notified one by one: as a reply, else to the owner, else as a mention', async () => {
    const first = await comment(bob, `Look, @${crowd[0]!.username} and @${ada.username}!`);
    await told(ada, 'comment', ({ comment: about }) => about.url === first.url);
    await told(crowd[0]!, 'mention_in_comment', ({ comment: about }) => about.url === first.url);
    const second = await comment(bob, 'And again');
    await told(ada, 'comment', ({ comment: about }) => about.url === second.url);
    const reply = await comment(crowd[1]!, `Yes @${bob.username}`, first.url);
    expect(await told(bob, 'reply')).toMatchObject({ comment: { url: reply.url }, media: { url: media.url } });
    // The media's owner gets an item for each; whoever is mentioned by their own reply gets none.
    await told(ada, 'comment', ({ comment: about }) => about.url === reply.url);
    expect(await list(ada, '&kind=mention_in_comment')).toEqual([]);
    expect(await list(bob, '&kind=mention_in_comment')).toEqual([]);
    await bob.delete(`/api/comments/${second.url}`).expect(204);
    await until(
      async () => (await list(ada, '&kind=comment')).every(({ comment: about }) => about.url !== second.url),
      'the deleted comment to be withdrawn',
    );
    // No longer mentioned.
    await bob.put(`/api/comments/${first.url}`, { text: 'Look!' }).expect(200);
    await nothing(crowd[0]!, 'mention_in_comment');
    await ada.put(`/api/comments/${first.url}/reaction`, { emoji: '❤️' }).expect(201);
    expect(await told(bob, 'comment_reaction')).toMatchObject({ emoji: '❤️', comment: { url: first.url } });
    await ada.delete(`/api/comments/${first.url}/reaction`).expect(204);
    await nothing(bob, 'comment_reaction');
  });

  it('that stay only for their replies no longer notify of reactions and replies', async () => {
    const asked = await comment(bob, 'Who knows?');
    const answer = await comment(eve, 'I do', asked.url);
    await eve.put(`/api/comments/${asked.url}/reaction`, { emoji: '🤔' }).expect(201);
    const about =
      ({ url }: Json) =>
      (item: Json) =>
        item.comment?.url === url;
    await told(bob, 'reply', about(answer));
    await told(bob, 'comment_reaction', about(asked));
    await bob.delete(`/api/comments/${asked.url}`).expect(204);
    await until(async () => !(await list(bob)).some(about(asked)), 'the reaction to be withdrawn');
    await until(async () => !(await list(bob)).some(about(answer)), 'the answer to be withdrawn');
    await told(ada, 'comment', about(answer));
  });

  it('and media texts notify mentioned users, once the media is published', async () => {
    const named = await photo(ada, { description: `With @${bob.username}, @nobody-there and me@example.org` });
    expect(await told(bob, 'mention_in_media')).toMatchObject({ media: { url: named.url }, actors: [{}] });
    await ada.put(`/api/medias/${named.url}`, { description: 'Alone' }).expect(200);
    await nothing(bob, 'mention_in_media');
  });
});

describe('a repost and a failure', () => {
  it('are notified, and withdrawn', async () => {
    await bob.post(`${address}/reposts`).expect(201);
    expect(names(await told(ada, 'repost'))).toEqual([bob.username]);
    await bob.delete(`${address}/reposts`).expect(204);
    await nothing(ada, 'repost');
    const { body: file } = await ada.upload('music', Buffer.from('RIFF\x24\x00\x00\x00WAVEfmt '), 'broken.wav');
    if (file.url) {
      await ada.settled(file.url);
      const line = await told(ada, 'processing_failed');
      expect(line).toMatchObject({ actors: [], actorsCount: 1, file: { url: file.url, filename: 'broken.wav' } });
      expect(line.text).toContain('broken.wav');
    }
  });
});

describe('preferences', () => {
  it('default to everything in the app, and can be changed', async () => {
    const { body } = await ada.get('/api/notifications/preferences').expect(200);
    expect(body.like).toEqual({ inApp: true, email: false, push: true });
    expect(body.comment).toEqual({ inApp: true, email: true, push: true });
    await ada.put('/api/notifications/preferences', { cats: { email: true } }).expect(422);
    await ada.put('/api/notifications/preferences', {}).expect(200);
  });

  it('are respected: unwanted notifications are not created', async () => {
    const { body } = await ada.put('/api/notifications/preferences', { like: { inApp: false } }).expect(200);
    expect(body.like).toEqual({ inApp: false, email: false, push: true });
    const before = (await list(ada, '&kind=like')).length;
    const quiet = await photo(ada);
    await bob.post(`/api/medias/${quiet.url}/likes`).expect(201);
    await bob.post(`/api/medias/${quiet.url}/reposts`).expect(201);
    await told(ada, 'repost', ({ media: about }) => about.url === quiet.url);
    expect(await list(ada, '&kind=like')).toHaveLength(before);
    await ada.put('/api/notifications/preferences', { like: { inApp: true } }).expect(200);
  });
});

it('counting unread ones stops at a hundred, and all can be read at once', async () => {
  const reader = await vitrine.signUp();
  await vitrine.db.query(
    `with lines as (
       insert into notifications (user_id, kind, in_app, day, position)
       select id, 'follow', true, current_date - i, i from users, generate_series(1, 4500) i where username = $1
       returning id, user_id)
     insert into notification_entries (notification_id, user_id, act, subject_id, mail)
     select id, user_id, 'follow', id, false from lines`,
    [reader.username],
  );
  expect((await reader.get('/api/notifications/unread-count').expect(200)).body).toEqual({ count: 100 });
  const upTo = (await reader.get('/api/notifications?limit=1').expect(200)).body.newestCursor;
  const latest = `update notifications set position = 4501 where position = 1 and user_id = (select id from users where username = $1)`;
  await vitrine.db.query(latest, [reader.username]);
  await reader.put('/api/notifications/read', { upTo }).expect(204);
  expect((await reader.get('/api/notifications/unread-count').expect(200)).body).toEqual({ count: 1 });
});

it('of a media that is published again do not come back to those who removed theirs', async () => {
  const [author, reader] = [await vitrine.signUp(), await vitrine.signUp()];
  await reader.post(`/api/follows/${author.username}`).expect(201);
  const { url } = await photo(author);
  const line = await told(reader, 'media_published', ({ media: of }) => of.url === url);
  await reader.delete(`/api/notifications/${line.id}`).expect(204);
  for (const visibility of ['private', 'public']) await author.put(`/api/medias/${url}`, { visibility }).expect(200);
  await vitrine.settled();
  expect((await list(reader, '&kind=media_published')).filter(({ media: of }) => of.url === url)).toEqual([]);
  expect(await unread(reader)).toBe(0);
});

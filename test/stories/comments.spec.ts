import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sorts } from '../../src/comments/comments.schemas.js';
import { amounts } from '../../src/platform/limits/amounts.js';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Client & { username: string };
let vitrine: Vitrine;
let ada: User;
let bob: User;
let eve: User;
let anybody: Client;
let hue = 0;
/** A different one each time: the same bytes would be the same file. */
const photo = () =>
  picture(60, 40)
    .modulate({ hue: (hue += 7) % 360 })
    .composite([{ input: Buffer.from(`<svg width="60" height="40"><text y="20">${hue}</text></svg>`) }])
    .png()
    .toBuffer();
const publish = async (more: object = {}): Promise<Json> => ada.publish('photo', await photo(), more);
const upload = async (client: Client): Promise<string> =>
  (await client.upload('photo', await photo()).expect(202)).body.url;
const comment = async (client: Client, media: Json, body: object | string): Promise<Json> =>
  (await client.post(`/api/comments/medias/${media.url}`, typeof body === 'string' ? { text: body } : body).expect(201))
    .body;
const texts = ({ items }: Json) => items.map(({ text }: Json) => text);

beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob, eve] = (await Promise.all([vitrine.signUp(), vitrine.signUp(), vitrine.signUp()])) as [User, User, User];
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

/** Counters of a media and its comments, with the correct values. */
async function counters(url: string) {
  const { rows } = await vitrine.db.query(
    `select c.url, c.replies_count as kept, (select count(*)::int from comments r where r.parent_id = c.id) as real
     from comments c join medias m on m.id = c.media_id where m.url = $1
     union all select m.url, m.comments_count, (select count(*)::int from comments c where c.media_id = m.id and c.deleted_at is null)
     from medias m where m.url = $1`,
    [url],
  );
  return { wrong: rows.filter(({ kept, real }) => kept !== real), rows };
}

describe('a comment', () => {
  it('is written, read, changed and deleted', async () => {
    const media = await publish();
    const written = await comment(bob, media, ' What a\r\nlight! ');
    expect(written).toMatchObject({
      media: media.url,
      replyTo: null,
      author: { username: bob.username },
      text: 'What a\nlight!',
      attachment: null,
      mentions: [],
      counts: { likes: 0, dislikes: 0, reactions: 0, replies: 0 },
      viewer: { reaction: null, isMine: true, canDelete: true },
      editedAt: null,
      deletedAt: null,
    });
    // Several comments by the same user on one media are fine.
    const second = await comment(bob, media, 'And another');
    const { body: seen } = await anybody.get(`/api/comments/${written.url}`).expect(200);
    expect(seen).toEqual({ ...written, viewer: undefined });
    const { body: ofAda } = await ada.get(`/api/comments/${written.url}`).expect(200);
    expect(ofAda.viewer).toEqual({ reaction: null, isMine: false, canDelete: true });
    expect((await ada.get(`/api/medias/${media.url}`)).body.counts.comments).toBe(2);
    expect(texts((await anybody.get(`/api/comments/medias/${media.url}`).expect(200)).body)).toEqual([
      'And another',
      'What a\nlight!',
    ]);

    const { body: edited } = await bob.put(`/api/comments/${written.url}`, { text: 'Better' }).expect(200);
    expect(edited).toMatchObject({ text: 'Better', editedAt: expect.any(String) });
    await bob.put(`/api/comments/${written.url}`, { text: '' }).expect(422, 'validation_failed');
    for (const other of [ada, eve]) {
      await other.put(`/api/comments/${written.url}`, { text: 'Mine' }).expect(403, 'not_yours');
    }
    await eve.delete(`/api/comments/${written.url}`).expect(403, 'not_yours');
    await bob.delete(`/api/comments/${written.url}`).expect(204);
    await bob.delete(`/api/comments/${written.url}`).expect(204);
    // The owner of the media may, too.
    await ada.delete(`/api/comments/${second.url}`).expect(204);
    expect((await anybody.get(`/api/comments/medias/${media.url}`)).body.items).toEqual([]);
    expect((await counters(media.url)).rows).toEqual([{ url: media.url, kept: 0, real: 0 }]);
  });

  it('needs content, and an existing target', async () => {
    const [media, other] = [await publish(), await publish()];
    const path = `/api/comments/medias/${media.url}`;
    await bob.post(path, {}).expect(422);
    await bob.post(path, { text: ' \n ' }).expect(422);
    await bob.post(path, { text: 'x'.repeat(2_001) }).expect(422);
    await bob.post(path, { text: 'hi', author: ada.username }).expect(422);
    await anybody.post(path, { text: 'hi' }).expect(401);
    await bob.post('/api/comments/medias/k3JfW0aXq9TzB7Lm', { text: 'hi' }).expect(404, 'media_not_found');
    await comment(bob, media, '🦆'.repeat(1_000));
    const elsewhere = await comment(bob, other, 'elsewhere');
    await bob.post(path, { text: 'hi', replyTo: elsewhere.url }).expect(404, 'comment_not_found');
    await bob.post(path, { text: 'hi', replyTo: 'k3JfW0aXq9TzB7Lm' }).expect(404, 'comment_not_found');
  });

  it('is created once for one Idempotency-Key', async () => {
    const media = await publish();
    const send = () =>
      bob.post(`/api/comments/medias/${media.url}`, { text: 'once' }, { 'idempotency-key': media.url }).expect(201);
    const answers = await Promise.all([send(), send(), send()]);
    expect(new Set(answers.map(({ body }) => body.url)).size).toBe(1);
    expect((await counters(media.url)).rows).toHaveLength(2);
  });
});

describe('replies', () => {
  it('are listed below their parent, at any depth, the oldest first', async () => {
    const media = await publish();
    const root = await comment(bob, media, 'root');
    let deepest = root;
    for (let depth = 1; depth <= 12; depth++)
      deepest = await comment(depth % 2 ? ada : eve, media, { text: `depth ${depth}`, replyTo: deepest.url });
    await comment(eve, media, { text: 'second', replyTo: root.url });
    expect(texts((await anybody.get(`/api/comments/medias/${media.url}`)).body)).toEqual(['root']);
    const { body } = await anybody.get(`/api/comments/${root.url}/replies`).expect(200);
    expect(texts(body)).toEqual(['depth 1', 'second']);
    expect(body.items[0]).toMatchObject({ replyTo: root.url, counts: { replies: 1 } });
    expect(texts((await anybody.get(`/api/comments/${root.url}/replies?sort=newest`)).body)).toEqual([
      'second',
      'depth 1',
    ]);
    expect((await anybody.get(`/api/comments/${deepest.url}/replies`)).body).toEqual({ items: [], nextCursor: null });
    await anybody.get('/api/comments/k3JfW0aXq9TzB7Lm/replies').expect(404, 'comment_not_found');
    expect((await counters(media.url)).wrong).toEqual([]);
  });

  it('keep their parent, without its text, until the last of them is deleted', async () => {
    const media = await publish();
    const root = await comment(bob, media, { text: `for @${eve.username}`, attachment: await upload(bob) });
    const middle = await comment(eve, media, { text: 'middle', replyTo: root.url });
    const leaf = await comment(ada, media, { text: 'leaf', replyTo: middle.url });
    await bob.delete(`/api/comments/${root.url}`).expect(204);
    await eve.delete(`/api/comments/${middle.url}`).expect(204);
    const { body: stone } = await bob.get(`/api/comments/${root.url}`).expect(200);
    expect(stone).toMatchObject({
      author: null,
      text: '',
      attachment: null,
      mentions: [],
      counts: { replies: 1 },
      viewer: { isMine: false, canDelete: false },
      deletedAt: expect.any(String),
    });
    await bob.put(`/api/comments/${root.url}`, { text: 'back' }).expect(404, 'comment_not_found');
    await bob.delete(`/api/comments/${root.url}`).expect(204);
    await bob
      .post(`/api/comments/medias/${media.url}`, { text: 'late', replyTo: middle.url })
      .expect(404, 'comment_not_found');
    expect((await ada.get(`/api/medias/${media.url}`)).body.counts.comments).toBe(1);
    expect((await anybody.get(`/api/comments/${middle.url}/replies`)).body.items).toHaveLength(1);
    await ada.delete(`/api/comments/${leaf.url}`).expect(204);
    for (const { url } of [root, middle, leaf]) await ada.get(`/api/comments/${url}`).expect(404, 'comment_not_found');
    expect((await counters(media.url)).rows).toEqual([{ url: media.url, kept: 0, real: 0 }]);
  });

  it('and nothing remains of a very long thread when its last comment is deleted', async () => {
    const media = await publish();
    const length = amounts.commentsAbove.max - 1;
    await vitrine.db.query(
      `with ids as (select n, uuidv7() as id from generate_series(1, $2) n)
       insert into comments (id, url, media_id, parent_id, text, deleted_at)
       select id, 'deep' || lpad(n::text, 12, '0'), (select id from medias where url = $1), lag(id) over (order by n), '', now()
       from ids order by n`,
      [media.url, length],
    );
    const replyTo = `deep${String(length).padStart(12, '0')}`;
    await vitrine.db.query(
      'update comments set deleted_at = null, author_id = (select id from users where username = $2) where url = $1',
      [replyTo, bob.username],
    );
    const leaf = await comment(bob, media, { text: 'leaf', replyTo });
    await bob.delete(`/api/comments/${replyTo}`).expect(204);
    expect((await counters(media.url)).rows).toHaveLength(length + 2);
    await bob.delete(`/api/comments/${leaf.url}`).expect(204);
    expect((await counters(media.url)).rows).toEqual([{ url: media.url, kept: 0, real: 0 }]);
  });

  it('and many parallel deletions leave every counter exact', async () => {
    const media = await publish();
    const users = [ada, bob, eve];
    const roots = await Promise.all(users.map((user) => comment(user, media, 'root')));
    const mine: { user: User; url: string }[] = roots.map(({ url }, i) => ({ user: users[i]!, url }));
    const strange: object[] = [];
    for (let round = 0; round < 6; round++) {
      const writes = Array.from({ length: 12 }, async (_, i) => {
        const user = users[i % 3]!;
        const replyTo = i % 4 ? mine[(i * 7 + round) % mine.length]!.url : undefined;
        const answer = await user.post(`/api/comments/medias/${media.url}`, { text: `${round} ${i}`, replyTo });
        if (answer.status === 201) mine.push({ user, url: answer.body.url });
        else if (answer.status !== 404) strange.push(answer);
      });
      const deletions = mine
        .filter((_, i) => (i + round) % 3 === 0)
        .map(async ({ user, url }, i) => {
          const answer = await (i % 2 ? user : ada).delete(`/api/comments/${url}`);
          if (![204, 404].includes(answer.status)) strange.push(answer);
        });
      await Promise.all([...writes, ...deletions]);
    }
    expect(strange).toEqual([]);
    const { rows, wrong } = await counters(media.url);
    expect(rows.length).toBeGreaterThan(5);
    expect(wrong).toEqual([]);
    // Everybody deletes everything in parallel: nothing remains.
    await Promise.all(mine.map(({ url }) => ada.delete(`/api/comments/${url}`)));
    expect((await counters(media.url)).rows).toEqual([{ url: media.url, kept: 0, real: 0 }]);
  }, 120_000);

  it('written while their parent is being deleted find it, or do not', async () => {
    const media = await publish();
    for (let round = 0; round < 25; round++) {
      const root = await comment(bob, media, 'root');
      const reply = () => eve.post(`/api/comments/medias/${media.url}`, { text: 'reply', replyTo: root.url });
      const gone = () => (round % 2 ? ada : bob).delete(`/api/comments/${root.url}`);
      const [first, deletion, ...others] = await Promise.all([reply(), gone(), reply(), reply(), gone(), reply()]);
      expect([201, 404]).toContain(first.status);
      expect(deletion.status === 204 || others[2]!.status === 204).toBe(true);
      expect(others.every(({ status }) => [201, 204, 404].includes(status))).toBe(true);
    }
    expect((await counters(media.url)).wrong).toEqual([]);
  });

  it('are deleted with the media, while others still write', async () => {
    const media = await publish();
    const root = await comment(bob, media, { text: 'root', attachment: await upload(bob) });
    const writing = Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? bob : eve).post(`/api/comments/medias/${media.url}`, { text: `${i}`, replyTo: root.url }),
    );
    const gone = await ada.delete(`/api/medias/${media.url}`);
    const statuses = (await Promise.all(writing)).map(({ status }) => status);
    expect([gone.status, ...new Set(statuses)].every((status) => [201, 204, 404].includes(status))).toBe(true);
    await anybody.get(`/api/comments/${root.url}`).expect(404, 'comment_not_found');
    const { rows } = await vitrine.db.query('select unused_since from files where url = $1', [root.attachment.url]);
    expect(rows[0].unused_since).not.toBeNull();
  });
});

describe('a page', () => {
  it.each(sorts)('of %s gives each comment once, while others write', async (sort) => {
    const media = await publish();
    const old = await Promise.all(
      Array.from({ length: 23 }, (_, i) => comment([ada, bob, eve][i % 3]!, media, `${i}`)),
    );
    await vitrine.db.query(
      `update comments c set likes_count = n.i % 4, dislikes_count = n.i % 3, replies_count = n.i % 5
       from (select id, row_number() over () as i from comments where media_id = (select id from medias where url = $1)) n where n.id = c.id`,
      [media.url],
    );
    const found: Json[] = [];
    for await (const items of eve.pages(`/api/comments/medias/${media.url}?sort=${sort}`, 5)) {
      found.push(...items);
      if (found.length < 30) await comment(bob, media, 'meanwhile');
    }
    const urls = found.map(({ url }) => url);
    expect(new Set(urls).size).toBe(urls.length);
    expect(old.filter(({ url }) => !urls.includes(url))).toEqual([]);
    const [way, what] = sort.split('-');
    const field = { liked: 'likes', disliked: 'dislikes', replied: 'replies' }[what ?? ''];
    const keys = found.map(({ counts, createdAt }) => (field ? counts[field] : Date.parse(createdAt)) as number);
    expect(keys).toEqual(keys.toSorted((a, b) => (way === 'most' || way === 'newest' ? b - a : a - b)));
  });

  it('accepts only cursors of its own sort', async () => {
    const media = await publish();
    for (const text of ['1', '2']) await comment(bob, media, text);
    const { body } = await eve.get(`/api/comments/medias/${media.url}?limit=1`).expect(200);
    await eve.get(`/api/comments/medias/${media.url}?limit=1&sort=oldest&cursor=${body.nextCursor}`).expect(422);
    await eve.get(`/api/comments/medias/${media.url}?sort=best`).expect(422);
  });
});

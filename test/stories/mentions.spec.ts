import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Client & { username: string };
let vitrine: Vitrine;
let ada: User;
let bob: User;
let eve: User;
let width = 40;
const publish = async (more: object = {}): Promise<Json> =>
  ada.publish('photo', await picture(width++, 40).png().toBuffer(), more);
const tagsOf = async ({ url }: Json) => (await ada.get(`/api/medias/${url}`).expect(200)).body.tags;

beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob, eve] = (await Promise.all([vitrine.signUp(), vitrine.signUp(), vitrine.signUp()])) as [User, User, User];
});
afterAll(() => vitrine.stop());

describe('a mention', () => {
  const block = (from: User, to: User) =>
    vitrine.db.query(
      `insert into blocks (blocker_id, blocked_id) select a.id, b.id from users a, users b where a.username = $1 and b.username = $2`,
      [from.username, to.username],
    );
  const eventsOf = async ({ url }: Json) =>
    (
      await vitrine.db.query(
        `select 1 from outbox_events where name = 'mentions.changed' and payload->>'mediaId' = (select id::text from medias where url = $1)`,
        [url],
      )
    ).rowCount;

  it('in a title or description follows changes of the text', async () => {
    const media = await publish({
      title: `With @${bob.username.toUpperCase()}.`,
      description: `and @nobody-${randomBytes(3).toString('hex')}, ${bob.username}@example.org, @${eve.username} @${bob.username}`,
    });
    expect(media.mentions).toEqual([bob.username, eve.username]);
    expect(await eventsOf(media)).toBe(1);
    const { body: renamed } = await ada.put(`/api/medias/${media.url}`, { title: 'Alone' }).expect(200);
    expect(renamed.mentions).toEqual([eve.username, bob.username].toSorted((a) => (a === bob.username ? -1 : 1)));
    expect(await eventsOf(media)).toBe(1);
    const { body: silent } = await ada.put(`/api/medias/${media.url}`, { description: `@${eve.username}` }).expect(200);
    expect(silent.mentions).toEqual([eve.username]);
    await ada.put(`/api/medias/${media.url}`, { visibility: 'unlisted' }).expect(200);
    expect(await eventsOf(media)).toBe(2);
  });

  it('means the longest existing name', async () => {
    const name = `a${randomBytes(3).toString('hex')}`;
    await vitrine.signUp(name);
    expect((await publish({ title: `hi @${name}.` })).mentions).toEqual([name]);
    await vitrine.signUp(`${name}.`);
    expect((await publish({ title: `hi @${name}.` })).mentions).toEqual([`${name}.`]);
    expect((await publish({ title: `hi @${name}..` })).mentions).toEqual([`${name}.`]);
    expect((await publish({ title: `hi @${name}-` })).mentions).toEqual([name]);
  });

  it('of a disabled user, or one in a block with the author, is plain text', async () => {
    const [gone, blocked, blocker] = await Promise.all(Array.from({ length: 3 }, () => vitrine.signUp()));
    await vitrine.db.query('update users set disabled_at = now() where username = $1', [gone!.username]);
    await block(ada, blocked!);
    await block(blocker!, ada);
    const text = [gone!, blocked!, blocker!, bob].map(({ username }) => `@${username}`).join(' ');
    expect((await publish({ description: text })).mentions).toEqual([bob.username]);
    const media = await publish();
    const { body } = await ada.post(`/api/comments/medias/${media.url}`, { text }).expect(201);
    expect(body).toMatchObject({ text, mentions: [bob.username] });
  });

  it('in a comment follows changes of the text', async () => {
    const media = await publish();
    const { body } = await bob
      .post(`/api/comments/medias/${media.url}`, { text: `@${ada.username}: look` })
      .expect(201);
    expect(body.mentions).toEqual([ada.username]);
    const { body: edited } = await bob.put(`/api/comments/${body.url}`, { text: `@${eve.username}` }).expect(200);
    expect(edited.mentions).toEqual([eve.username]);
    expect((await bob.put(`/api/comments/${body.url}`, { text: 'none' }).expect(200)).body.mentions).toEqual([]);
  });

  it('lists the medias that mention me and that I may see', async () => {
    const kim = await vitrine.signUp();
    const list = async () =>
      (await kim.get('/api/users/me/mentions').expect(200)).body.items.map(({ url }: Json) => url);
    await vitrine.client().get('/api/users/me/mentions').expect(401);
    expect(await list()).toEqual([]);
    const medias: Json[] = [];
    for (const visibility of ['public', 'unlisted', 'private', 'followers', 'public'])
      medias.push(await publish({ title: `@${kim.username}`, visibility }));
    expect(await list()).toEqual([4, 1, 0].map((i) => medias[i].url));
    const { body } = await kim.get('/api/users/me/mentions?limit=2').expect(200);
    const { body: rest } = await kim.get(`/api/users/me/mentions?limit=2&cursor=${body.nextCursor}`).expect(200);
    expect(rest).toMatchObject({ items: [{ url: medias[0].url, mentions: [kim.username] }], nextCursor: null });
    await block(kim, ada);
    expect(await list()).toEqual([]);
  });
});

describe('hashtags', () => {
  it('are tags beside the owner’s', async () => {
    const media = await publish({
      title: '#Sea and #sky',
      description: 'see https://example.org/#frag #2026',
      tags: ['boat'],
    });
    expect(media.tags).toEqual(['boat', 'sea', 'sky']);
    await ada.put(`/api/medias/${media.url}`, { tags: ['sky', 'sun'] }).expect(200);
    expect(new Set(await tagsOf(media))).toEqual(new Set(['sky', 'sun', 'sea']));
    await ada.put(`/api/medias/${media.url}`, { title: 'Nothing' }).expect(200);
    expect(new Set(await tagsOf(media))).toEqual(new Set(['sky', 'sun']));
    await ada.put(`/api/medias/${media.url}`, { description: '#ＳＵＮ ＃été' }).expect(200);
    expect(new Set(await tagsOf(media))).toEqual(new Set(['sky', 'sun', 'ｓｕｎ', 'été']));
    await ada.delete(`/api/medias/${media.url}/tag/été`).expect(204);
    expect(await tagsOf(media)).toContain('été');
    await ada.post(`/api/medias/${media.url}/tag/été`).expect(201);
    await ada.post(`/api/medias/${media.url}/tag/été`).expect(200);
    await ada.put(`/api/medias/${media.url}`, { description: '' }).expect(200);
    expect(await tagsOf(media)).toContain('été');
    await ada.delete(`/api/medias/${media.url}/tag/été`).expect(204);
    expect(new Set(await tagsOf(media))).toEqual(new Set(['sky', 'sun']));
  });

  it('leave room for the owner’s tags', async () => {
    const words = (n: number, letter: string) => Array.from({ length: n }, (_, i) => `${letter}${i}`);
    const media = await publish({
      description: words(40, 't')
        .map((t) => `#${t}`)
        .join(' '),
      tags: words(28, 'g'),
    });
    expect(media.tags).toEqual([...words(28, 'g'), 't0', 't1']);
    await ada.post(`/api/medias/${media.url}/tag/another`).expect(201);
    expect(new Set(await tagsOf(media))).toEqual(new Set([...words(28, 'g'), 'another', 't0']));
    await ada.post(`/api/medias/${media.url}/tag/last`).expect(201);
    await ada.post(`/api/medias/${media.url}/tag/toomuch`).expect(422, 'validation_failed');
    await ada.put(`/api/medias/${media.url}`, { tags: [] }).expect(200);
    expect(new Set(await tagsOf(media))).toEqual(new Set(words(30, 't')));
  });

  it('of many medias at once are counted once each', async () => {
    const tag = `t${randomBytes(4).toString('hex')}`;
    const medias = [];
    for (let i = 0; i < 4; i++) medias.push(await publish({ title: i % 2 ? `#${tag}` : '' }));
    await Promise.all(
      medias.flatMap(({ url }, i) => [
        ada.put(`/api/medias/${url}`, { title: `#b${tag} #${tag} #a${tag} ${i}` }).expect(200),
        ada.put(`/api/medias/${url}`, { tags: [`c${tag}`, tag, `a${tag}`] }).expect(200),
        ada.post(`/api/medias/${url}/tag/b${tag}`),
        ada.put(`/api/medias/${url}`, { visibility: i % 2 ? 'public' : 'private' }).expect(200),
      ]),
    );
    const { rows } = await vitrine.db.query(
      `select t.name, t.medias_count, (select count(*)::int from media_tags mt join medias m on m.id = mt.media_id
         where mt.tag_id = t.id and m.shown and m.visibility = 'public') as real from tags t where name like $1`,
      [`%${tag}`],
    );
    expect(rows).toHaveLength(4);
    expect(rows.filter(({ medias_count, real }) => medias_count !== real)).toEqual([]);
  });
});

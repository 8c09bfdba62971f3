import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Client & { username: string };
let vitrine: Vitrine;
let ada: User;
let bob: User;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob] = (await Promise.all([vitrine.signUp(), vitrine.signUp()])) as [User, User];
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

interface Made {
  title: string;
  description?: string;
  type?: string;
  visibility?: string;
  owner?: User;
}
/**
 * Inserts rows as publishing does.
 * @returns the url
 */
async function media({ title, description = '', type = 'photo', visibility = 'public', owner = ada }: Made) {
  const { rows } = await vitrine.db.query(
    `insert into medias (url, owner_id, type, title, description, visibility, status, shown, published_at)
     select $1, id, $3, $4, $5, $6, 'ready', true, now() from users where username = $2 returning url`,
    [randomBytes(8).toString('hex'), owner.username, type, title, description, visibility],
  );
  return rows[0].url as string;
}
const urls = ({ items }: Json): string[] => items.map(({ url }: Json) => url);
const find = async (term: string, query = '', client = anybody) =>
  urls((await client.get(`/api/medias/search/${encodeURIComponent(term)}?${query}`).expect(200)).body);
/** A unique word, similar to nothing else. */
const word = () => Array.from(randomBytes(12), (byte) => String.fromCharCode(97 + (byte % 26))).join('');

describe('medias', () => {
  it('are found from publication on, by their present words', async () => {
    const [first, second] = [word(), word()];
    const made = await ada.publish('photo', await picture(80, 60).png().toBuffer(), { title: `A ${first} day` });
    expect(await find(first)).toEqual([made.url]);
    const { body } = await anybody.get(`/api/search?q=${first}`).expect(200);
    expect(body).toMatchObject({ items: [{ url: made.url, title: `A ${first} day` }], nextCursor: null });
    await ada.put(`/api/medias/${made.url}`, { title: second }).expect(200);
    expect([await find(first), await find(second)]).toEqual([[], [made.url]]);
    await ada.delete(`/api/medias/${made.url}`).expect(204);
    expect(await find(second)).toEqual([]);
  });

  it.each([
    [
      'Crème brûlée à la carte',
      ['creme', 'BRÛLÉE', 'carte creme', 'brul', 'crème-brûlée', '"brulee"', 'creme, carte!'],
    ],
    ['Über-Straße №5', ['uber', 'strasse', 'uber strasse', 'über-straße']],
    ['東京タワーの夜景', ['東京', 'タワー', '夜景', '東京タワーの夜景', 'の', '東京 夜景']],
    ['ABC東京塔def京', ['abc', '東京', '京塔', '塔', '東京塔', 'def', 'abc東京塔', '京塔 京']],
    ['서울의 밤하늘', ['서울', '밤하늘']],
    ['Прогулка по набережной', ['прогулка', 'НАБЕРЕЖНОЙ', 'набереж']],
    ['हिन्दी में गीत', ['हिन्दी', 'गीत']],
    ['IMG_2041.final (v2)', ['img_2041', '2041', 'final v2', 'img_2041.final']],
    ['ada@example.org/path?x=1', ['example.org', 'path', 'ada@example.org']],
  ])('named %s are found in any spelling', async (title, terms) => {
    const url = await media({ title });
    for (const term of terms) expect(await find(term), term).toContain(url);
    expect(await find(`${terms[0]} ${word()} ${word()} ${word()}`)).not.toContain(url);
  });

  it('in a script without spaces are found by pairs of characters', async () => {
    const asked = async (term: string) =>
      (await vitrine.db.query<{ query: string }>('select search_query($1)::text as query', [term])).rows[0]!.query;
    expect((await asked('東京塔の')).split(' & ').toSorted()).toEqual(["'京塔'", "'塔の':*", "'東京'"].toSorted());
    expect(await asked('京')).toBe("'京':*");
    expect(await asked('京 photo')).toBe("'京':* & 'photo':*");
    expect(await asked(`${'東京'.repeat(50)} x`)).not.toContain('<');
    const url = await media({ title: '東京塔' });
    expect(await find('東塔')).not.toContain(url);
  });

  it('are found in spite of a typing error, after exact matches', async () => {
    const alike = await media({ title: 'Kaleidoscope garden' });
    for (const term of ['kaleidoscpe', 'kalidoscope', 'kaleidoscope grden']) expect(await find(term)).toEqual([alike]);
    const exact = await media({ title: 'Kaleidoscpe' });
    expect(await find('kaleidoscpe')).toEqual([exact, alike]);
    expect(await find('telescope')).toEqual([]);
  });

  it('come in the order of relevance', async () => {
    const name = word();
    const inDescription = await media({ title: 'Something', description: `about ${name}` });
    const tagged = await media({ title: 'Tagged' });
    await ada.post(`/api/medias/${tagged}/tag/${name}`).expect(201);
    const inTitle = await media({ title: `A ${name} among others` });
    const whole = await media({ title: name });
    await media({ title: `${word()} other` });
    expect(await find(name)).toEqual([whole, inTitle, tagged, inDescription]);
    expect(await find(`#${name}`)).toEqual([whole, inTitle, tagged, inDescription]);
    expect(await find(name, 'sort=oldest')).toEqual([inDescription, tagged, inTitle, whole]);
    expect(await find(name, 'sort=newest&limit=1')).toEqual([whole]);
  });

  it('can be filtered by type, user and tag', async () => {
    const name = word();
    const song = await media({ title: name, type: 'music' });
    const hidden = await media({ title: name, visibility: 'private' });
    const unlisted = await media({ title: name, visibility: 'unlisted' });
    const bobs = await media({ title: name, owner: bob });
    await bob.post(`/api/medias/${bobs}/tag/t${name}`).expect(201);
    expect(await find(name)).toEqual([bobs, song]);
    expect(await find(name, 'type=music')).toEqual([song]);
    expect(await find(name, `username=${bob.username.toUpperCase()}`)).toEqual([bobs]);
    expect(await find(name, `tag=T${name}`)).toEqual([bobs]);
    expect(await find(name, `username=${ada.username}`)).toEqual([song]);
    expect(await find(name, 'username=me', ada)).toEqual([unlisted, hidden, song]);
    await anybody.get(`/api/medias/search/${name}?username=me`).expect(401, 'not_signed_in');
    await anybody.get(`/api/medias/search/${name}?sort=best`).expect(422);
  });

  it('are filtered by their present tags', async () => {
    const [name, tag] = [word(), word()];
    const [photo, song] = [await media({ title: name }), await media({ title: name, type: 'music' })];
    for (const url of [photo, song]) await ada.post(`/api/medias/${url}/tag/${tag}`).expect(201);
    expect(await find(name, `tag=${tag}`)).toEqual([song, photo]);
    expect(await find(tag, 'type=music')).toEqual([song]);
    await ada.put(`/api/medias/${photo}`, { title: `${name} again` }).expect(200);
    expect(await find(`${name} again`, `tag=${tag}&type=photo&username=${ada.username}`)).toEqual([photo]);
    await ada.delete(`/api/medias/${photo}/tag/${tag}`).expect(204);
    expect([await find(name, `tag=${tag}`), await find(tag)]).toEqual([[song], [song]]);
    expect(await find(name, `tag=${word()}`)).toEqual([]);
    expect(await find(name, 'username=nobody-has-it')).toEqual([]);
    // The internal filter words can't be typed.
    await ada.put(`/api/medias/${photo}`, { title: `=type:music` }).expect(200);
    expect(await find('=type:music')).toEqual([photo]);
  });

  it('are found by those who may see them in lists', async () => {
    const name = word();
    const [owner, follower, blocked, muting, stranger] = await Promise.all(
      Array.from({ length: 5 }, () => vitrine.signUp()),
    );
    const shown = await media({ title: name, owner: owner! });
    const followers = await media({ title: name, owner: owner!, visibility: 'followers' });
    for (const visibility of ['private', 'unlisted']) await media({ title: name, owner: owner!, visibility });
    await follower!.post(`/api/follows/${owner!.username}`).expect(201);
    await owner!.post(`/api/blocks/${blocked!.username}`).expect(201);
    await muting!.post(`/api/mutes/${owner!.username}`).expect(201);
    const seen = async () =>
      Promise.all([owner!, follower!, blocked!, muting!, stranger!, anybody].map((client) => find(name, '', client)));
    expect(await seen()).toEqual([[followers, shown], [followers, shown], [], [], [shown], [shown]]);
    await owner!.put('/api/users/me', { isPrivate: true }).expect(200);
    expect(await seen()).toEqual([[followers, shown], [followers, shown], [], [], [], []]);
    await vitrine.db.query('update users set disabled_at = now() where username = $1', [owner!.username]);
    expect(await find(name, '', follower!)).toEqual([]);
  });

  it('are listed once each, while others are published', async () => {
    const name = word();
    const old = [];
    for (let i = 0; i < 23; i++)
      old.push(await media({ title: i % 3 ? `${name} ${i}` : 'x', description: `${name} ${i % 4 ? name : ''}` }));
    for (const sort of ['relevance', 'newest', 'oldest', 'most-viewed']) {
      const found: string[] = [];
      for await (const items of anybody.pages(`/api/medias/search/${name}?sort=${sort}`, 5)) {
        found.push(...urls({ items }));
        await media({ title: `${name} ${name} late` });
      }
      expect(new Set(found).size).toBe(found.length);
      expect(old.filter((url) => !found.includes(url))).toEqual([]);
    }
    const { body } = await anybody.get(`/api/medias/search/${name}?limit=5`).expect(200);
    await anybody.get(`/api/medias/search/${name}?limit=5&sort=newest&cursor=${body.nextCursor}`).expect(422);
    await anybody.get(`/api/search?type=tags&q=${name}&cursor=${body.nextCursor}`).expect(422);
  });
});

describe('any input', () => {
  const odd = [
    ...[
      '&',
      '|',
      '!',
      ':*',
      "'",
      '"',
      '\\',
      "''",
      '& | ! :* <->',
      '(',
      'a:*',
      '!a',
      "a' & 'b",
      '%',
      '_',
      '*',
      '-',
      '…',
    ],
    ...['\0', 'a\0b', '\u202e', '\ud800x', '🦆', '👨‍👩‍👧', '\u0301', 'ŉ', '½', 'ﷺ', 'x'.repeat(5_000), '東'.repeat(300)],
    ...["'; drop table medias;--", 'a '.repeat(60), '<b>', '1e5 -3.14 v1.2.3', 'http://x.org/a?b=c#d', ' ', 'ﬁ', 'İ'],
  ];

  it.each(['medias', 'users', 'playlists', 'tags'])('%s answer with a page', async (type) => {
    const strange: object[] = [];
    for (const q of odd) {
      const { status, body } = await ada.get(`/api/search?type=${type}&q=${encodeURIComponent(q.toWellFormed())}`);
      if (status !== 200 || !Array.isArray(body.items)) strange.push({ q, status, body });
    }
    expect(strange).toEqual([]);
    expect((await anybody.get(`/api/search?type=${type}&q=`).expect(200)).body).toEqual({
      items: [],
      nextCursor: null,
    });
  });

  it('refuses unknown parameters', async () => {
    await anybody.get('/api/search').expect(422);
    await anybody.get('/api/search?q=a&type=cats').expect(422);
    await anybody.get('/api/search?q=a&limit=101').expect(422);
    await anybody.get('/api/search?q=a&cursor=x').expect(422);
  });
});

describe('users and playlists', () => {
  it('are found by their names', async () => {
    const name = word();
    await ada.put('/api/users/me', { displayName: `Ada ${name}` }).expect(200);
    const { body } = await anybody.get(`/api/search?type=users&q=${name}`).expect(200);
    expect(body).toMatchObject({ items: [{ username: ada.username }], nextCursor: null });
  });

  it('are found by those they are visible to', async () => {
    const name = word();
    const playlist = async (title: string, visibility: string, description = '') =>
      (
        await vitrine.db.query(
          `insert into playlists (url, owner_id, title, description, visibility) select $1, id, $3, $4, $5 from users where username = $2 returning url`,
          [randomBytes(8).toString('hex'), ada.username, title, description, visibility],
        )
      ).rows[0].url as string;
    const described = await playlist('For the road', 'public', `with ${name}`);
    const titled = await playlist(`Été ${name}`, 'public');
    const followers = await playlist(`${name}`, 'followers');
    for (const visibility of ['private', 'unlisted']) await playlist(name, visibility);
    const seen = async (client: Client, q = name) =>
      urls((await client.get(`/api/search?type=playlists&q=${encodeURIComponent(q)}`).expect(200)).body);
    expect(await seen(anybody)).toEqual([titled, described]);
    expect(await seen(ada)).toEqual([followers, titled, described]);
    expect(await seen(anybody, `ete ${name}`)).toEqual([titled]);
    expect(await seen(anybody, 'For the raod')).toEqual([described]);
    const { body } = await anybody.get(`/api/search?type=playlists&q=${name}&limit=1`).expect(200);
    expect(body.items[0]).toEqual({
      url: titled,
      title: `Été ${name}`,
      description: '',
      type: 'any',
      visibility: 'public',
      owner: {
        username: ada.username,
        displayName: expect.any(String),
        avatarUrl: expect.stringMatching(/^\/avatars\//),
      },
      counts: { items: 0 },
      cover: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const { body: rest } = await anybody.get(`/api/search?type=playlists&q=${name}&limit=1&cursor=${body.nextCursor}`);
    expect([urls(rest), rest.nextCursor]).toEqual([[described], null]);
  });
});

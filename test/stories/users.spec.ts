import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
const names = ['ada', 'Adalbert', 'grace', 'zoe', 'linus'];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  for (const [i, username] of names.entries()) {
    const displayName = username === 'zoe' ? 'Zoë Ångström' : `${username} ${i}`;
    await vitrine
      .client()
      .post('/api/users', {
        username,
        displayName,
        email: `${username}@example.org`,
        password: 'correct horse battery',
      })
      .expect(201);
    await vitrine.db.query('update users set followers_count = $2, views_count = $3 where username = $1', [
      ...[username, (i * 7) % 5, i % 2],
    ]);
  }
});
afterAll(() => vitrine.stop());

const all = async (path: string, limit = 2): Promise<string[]> =>
  (await vitrine.client().all(path, limit)).map(({ username }) => username as string);

describe('the list of users', () => {
  it.each([
    ['newest', names.toReversed()],
    ['oldest', names],
  ])('sorted by %s gives each user once, over all pages', async (sort, expected) => {
    expect(await all(`/api/users?sort=${sort}`)).toEqual(expected);
  });

  it.each([
    ['most-followed', 'followers', -1],
    ['least-followed', 'followers', 1],
    ['most-viewed', 'views', -1],
    ['least-viewed', 'views', 1],
  ] as const)('sorted by %s goes one way', async (sort, count, direction) => {
    const { body } = await vitrine.client().get(`/api/users?sort=${sort}`).expect(200);
    const counts = body.items.map(({ counts }: Json) => counts[count] as number);
    expect(counts).toEqual(counts.toSorted((a: number, b: number) => direction * (a - b)));
    expect(await all(`/api/users?sort=${sort}`, 1)).toEqual(body.items.map(({ username }: Json) => username));
  });

  it('shows what others may see, and the relation of the signed-in viewer', async () => {
    const { body: open } = await vitrine.client().get('/api/users?limit=1').expect(200);
    expect(open.items[0]).not.toHaveProperty('email');
    expect(open.items[0]).not.toHaveProperty('viewer');
    const eve = await vitrine.signUp();
    const { body } = await eve.get('/api/users?limit=1').expect(200);
    expect(body.items[0].viewer).toMatchObject({ following: false, followsMe: false });
    await vitrine.db.query('delete from users where username = $1', [eve.username]);
  });

  it('leaves out disabled users', async () => {
    await vitrine.db.query(`update users set disabled_at = now() where username = 'linus'`);
    expect(await all('/api/users')).not.toContain('linus');
    expect(await all('/api/users/search/linus')).toEqual([]);
    await vitrine.db.query(`update users set disabled_at = null where username = 'linus'`);
  });

  it('refuses a cursor of another sort, and unknown sorts', async () => {
    const { body } = await vitrine.client().get('/api/users?limit=1&sort=oldest').expect(200);
    await vitrine.client().get(`/api/users?sort=newest&cursor=${body.nextCursor}`).expect(422, 'validation_failed');
    await vitrine.client().get('/api/users?sort=id;drop').expect(422, 'validation_failed');
    await vitrine.client().get('/api/users?sort[]=newest').expect(422, 'validation_failed');
  });
});

describe('the search for users', () => {
  it.each([
    ['ada', ['ada', 'Adalbert']],
    ['ADALB', ['Adalbert', 'ada']] /* similar names come after */,
    ['angstrom', ['zoe']],
    ['Zoë', ['zoe']],
    ['linsu', ['linus']],
    // One or two letters match the beginnings of words.
    ['l', ['linus']],
    ['ad', ['Adalbert', 'ada']],
    ['da', []],
    ['%', []],
    ['_', []],
    ['nobody at all', []],
  ])('finds %s', async (term, expected) => {
    expect(await all(`/api/users/search/${encodeURIComponent(term)}`, 1)).toEqual(expected);
  });

  it('accepts every sort of the list', async () => {
    expect(await all('/api/users/search/ada?sort=oldest')).toEqual(['ada', 'Adalbert']);
    expect(await all('/api/users/search/ada?sort=newest')).toEqual(['Adalbert', 'ada']);
  });
});

import { randomBytes } from 'node:crypto';
import type { Migration } from '@mikro-orm/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Migration0018SearchAmongListed } from '../../src/platform/database/migrations/0018-search-among-listed.js';
import { Migration0023Reach } from '../../src/platform/database/migrations/0023-reach.js';
import { newPerson, type Person } from '../model/world.js';
import type { Client } from '../setup/client.js';
import { recount } from '../setup/recount.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Search ranks at most 500 candidates. Those that only few may see, or nobody, must not take the places of others. */
const crowd = 600;
let vitrine: Vitrine;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  anybody = vitrine.client();
}, 120_000);
afterAll(() => vitrine.stop());

const word = () => Array.from(randomBytes(12), (byte) => String.fromCharCode(97 + (byte % 26))).join('');
const found = async (client: Client, path: string): Promise<string[]> =>
  (await client.get(path).expect(200)).body.items.map(({ url, name }: { url?: string; name?: string }) => url ?? name);

type Kind = 'medias' | 'playlists';
const searches = (kind: Kind, name: string) => [
  `/api/${kind}/search/${name}?limit=100`,
  `/api/search?type=${kind}&q=${name}&limit=100`,
];
/** As publishing does. */
async function publish(kind: Kind, owner: Person, title: string, { visibility = 'public', text = '', count = 1 } = {}) {
  const [more, values] = kind === 'medias' ? [', type, status, shown', `, 'photo', 'ready', true`] : ['', ''];
  const { rows } = await vitrine.db.query<{ url: string }>(
    `insert into ${kind} (url, owner_id, title, description, visibility${more})
     select substr(md5(random()::text), 1, 16), $1, $2, $3, $4${values} from generate_series(1, $5) returning url`,
    [owner.id, title, text, visibility, count],
  );
  return rows.map(({ url }) => url);
}
const settled = () =>
  until(
    async () =>
      (
        await vitrine.db.query(
          'select 1 from users where is_counted <> (disabled_at is null) or is_open is distinct from (disabled_at is null and not is_private)',
        )
      ).rows.length === 0,
    'rows to follow their accounts',
    60_000,
  );
const makePrivate = ({ client }: Person, isPrivate: boolean) => client.put('/api/users/me', { isPrivate }).expect(200);
const disable = ({ id }: Person) => vitrine.db.query('update users set disabled_at = now() where id = $1', [id]);

describe.each(['medias', 'playlists'] as const)('public %s are found', (kind) => {
  it.each([
    ['private', ''],
    ['unlisted', ''],
    ['followers', ''],
    ['public', 'that was private before'],
    ['public', 'that became private'],
    ['public', 'that was disabled'],
  ])('among many that are %s in an account %s', async (visibility, state) => {
    const name = word();
    const [hiding, showing] = [await newPerson(vitrine), await newPerson(vitrine)];
    const [first] = await publish(kind, showing, name);
    if (state.endsWith('before')) await makePrivate(hiding, true);
    await publish(kind, hiding, `${name} kept`, { visibility, text: name, count: crowd });
    if (state.endsWith('became private')) await makePrivate(hiding, true);
    if (state.endsWith('disabled')) await disable(hiding);
    const [second] = await publish(kind, showing, `${name} after`);
    await settled();
    for (const path of searches(kind, name))
      for (const client of [anybody, showing.client]) expect(await found(client, path), path).toEqual([first, second]);
    // Titles spelled alike, which are looked for where few have the word.
    const typo = `${name.slice(0, 5)}${name.slice(6)}`;
    for (const path of searches(kind, typo))
      expect((await found(anybody, path)).toSorted(), path).toEqual([first, second].toSorted());
  });

  it('by followers and owners too, where many of others are public', async () => {
    const name = word();
    const [crowding, shy, friend, stranger] = await Promise.all(Array.from({ length: 4 }, () => newPerson(vitrine)));
    await friend!.client.post(`/api/follows/${shy!.username}`).expect(201);
    const [early] = await publish(kind, shy!, name, { visibility: 'followers' });
    await publish(kind, crowding!, `${name} ${name}`, { count: crowd });
    const [late] = await publish(kind, shy!, name, { visibility: 'followers' });
    await publish(kind, crowding!, `${name} ${name}`, { count: crowd });
    const sees = async ({ client }: { client: Client }) =>
      Promise.all(
        searches(kind, name).map(async (path) => {
          const urls = await found(client, path);
          return [early, late].map((url) => urls.includes(url!));
        }),
      );
    const everybody = async () => Promise.all([shy!, friend!, stranger!, { client: anybody }].map(sees));
    const whom = (...yes: boolean[]) => yes.map((one) => Array.from({ length: 2 }, () => [one, one]));
    expect(await everybody()).toEqual(whom(true, true, false, false));
    await makePrivate(shy!, true);
    await settled();
    expect(await everybody()).toEqual(whom(true, true, false, false));
    await friend!.client.delete(`/api/follows/${shy!.username}`).expect(204);
    expect(await everybody()).toEqual(whom(true, false, false, false));
  });

  it('at once when an account is open again, and when one becomes public', async () => {
    const name = word();
    const ada = await newPerson(vitrine);
    const urls = await publish(kind, ada, name, { count: 3 });
    const sorted = async () => (await found(anybody, searches(kind, name)[0]!)).toSorted();
    for (let i = 0; i < 2; i++) {
      await makePrivate(ada, true);
      expect(await sorted()).toEqual([]);
      if (i) await settled();
      await makePrivate(ada, false);
      expect(await sorted()).toEqual(urls.toSorted());
    }
    await settled();
    expect(await sorted()).toEqual(urls.toSorted());
    await vitrine.db.query(`update ${kind} set visibility = 'private' where owner_id = $1`, [ada.id]);
    expect(await sorted()).toEqual([]);
    await vitrine.db.query(`update ${kind} set visibility = 'public' where owner_id = $1`, [ada.id]);
    expect(await sorted()).toEqual(urls.toSorted());
  });
});

it('public medias of one user are found among many private ones, by others and by the user', async () => {
  const name = word();
  const ada = await newPerson(vitrine);
  const [shown] = await publish('medias', ada, name);
  await publish('medias', ada, `${name} kept`, { visibility: 'private', count: crowd });
  const path = `/api/medias/search/${name}?username=${ada.username}&limit=5`;
  expect(await found(anybody, path)).toEqual([shown]);
  for (const own of ['me', ada.username])
    expect((await found(ada.client, path.replace(ada.username, own))).length, own).toBe(5);
});

it('a new media is found by a common word behind thousands of newer ones that are private', async () => {
  const name = word();
  const [ada, hiding] = [await newPerson(vitrine), await newPerson(vitrine)];
  await publish('medias', ada, `${name} ${name} common`, { count: crowd });
  const [latest] = await publish('medias', ada, name);
  await publish('medias', hiding, 'nothing', { visibility: 'private', count: 5_100 });
  expect(await found(anybody, `/api/medias/search/${name}?limit=1`)).toEqual([latest]);
}, 60_000);

describe('tags', () => {
  const tagged = (owner: Person, names: string[], count = 1) =>
    vitrine.db
      .query(
        `with made as (
        insert into medias (url, owner_id, type, status, shown)
        select substr(md5(random()::text), 1, 16), $1, 'photo', 'ready', true from generate_series(1, $3) returning id),
       named as (insert into tags (name) select unnest($2::text[]) on conflict (name) do update set name = excluded.name returning id)
       select made.id as media, named.id as tag from made, named`,
        [owner.id, names, count],
      )
      .then(({ rows }) =>
        vitrine.db.query('insert into media_tags (media_id, tag_id) select * from unnest($1::uuid[], $2::uuid[])', [
          rows.map(({ media }) => media),
          rows.map(({ tag }) => tag),
        ]),
      );
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

  it.each(['is private', 'becomes private', 'is disabled'])(
    'are found among many of an account that %s',
    async (state) => {
      const prefix = word();
      const [hiding, showing] = [await newPerson(vitrine), await newPerson(vitrine)];
      if (state === 'is private') await makePrivate(hiding, true);
      await tagged(hiding, names(`${prefix}h`, crowd));
      await tagged(showing, [`${prefix}shown`]);
      await tagged(hiding, names(`${prefix}i`, 2 * crowd), 2);
      if (state === 'becomes private') await makePrivate(hiding, true);
      if (state === 'is disabled') await disable(hiding);
      await settled();
      expect(await found(anybody, `/api/search?type=tags&q=${prefix}`)).toEqual([`${prefix}shown`]);
    },
  );

  it('do not count medias that only followers may find, and count them once the account is open', async () => {
    const name = word();
    const [shy, showing] = [await newPerson(vitrine), await newPerson(vitrine)];
    const count = async () => (await anybody.get(`/api/tags/${name}`).expect(200)).body.counts.medias;
    await tagged(showing, [name]);
    await tagged(shy, [name]);
    expect(await count()).toBe(2);
    const photos = async () => (await anybody.get(`/api/users/${shy.username}`).expect(200)).body.counts.photos;
    const before = await photos();
    for (const isPrivate of [true, false]) {
      await makePrivate(shy, isPrivate);
      await settled();
      expect(await count()).toBe(isPrivate ? 1 : 2);
      expect(await photos()).toBe(before);
    }
    await makePrivate(shy, true);
    await tagged(shy, [name], 2);
    await settled();
    expect(await count()).toBe(1);
    await vitrine.db.query('delete from medias where owner_id = $1', [shy.id]);
    expect(await count()).toBe(1);
    expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
  });
});

it('the migrations write the same about rows that were there before', async () => {
  const rows = async () => {
    const texts = [
      'select media_id as id, words::text as value from media_words',
      `select id, owner_is_open::text from medias union all select id, owner_is_open::text from playlists`,
      'select id, is_open::text from users union all select id, medias_count::text from tags',
      'select id, reach::text from medias union all select id, reach::text from playlists',
      `select media_id, 'tagged ' || reach from media_tags union all select media_id, concat_ws(' ', verb, reach, widest_reach) from activities`,
    ];
    return (await vitrine.db.query(`select * from (${texts.join(' union all ')}) x order by id, value`)).rows;
  };
  await settled();
  const before = await rows();
  const run = async (change: (migration: Migration) => void, migration: Migration) => {
    change(migration);
    for (const query of migration.getQueries()) await vitrine.db.query(query as string);
  };
  const reach = () => new Migration0023Reach({} as never, {} as never);
  const search = () => new Migration0018SearchAmongListed({} as never, {} as never);
  for (const migration of [reach(), search()]) await run((one) => one.down(), migration);
  for (const migration of [search(), reach()]) await run((one) => one.up(), migration);
  expect(await rows()).toEqual(before);
}, 60_000);

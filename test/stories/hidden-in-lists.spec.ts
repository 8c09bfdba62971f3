import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import type { Client } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

/**
 * Lists take what few may find from one index while it is little, and otherwise by owner: each must show what a plain
 * query shows. No worker makes the rows follow their accounts here: `settle` does.
 */
let vitrine: Vitrine;
let people: Record<'open' | 'shy' | 'opening' | 'closing' | 'friend' | 'muted' | 'blocking' | 'crowding', Person>;
let viewers: { who: string; id: string | null; client: Client }[];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  const names = ['open', 'shy', 'opening', 'closing', 'friend', 'muted', 'blocking', 'crowding'] as const;
  people = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await newPerson(vitrine)])),
  ) as typeof people;
  const [follower, stranger] = [await newPerson(vitrine), await newPerson(vitrine)];
  viewers = [
    { who: 'anybody', id: null, client: vitrine.client() },
    ...Object.entries({ follower, stranger, ...people }).map(([who, { id, client }]) => ({ who, id, client })),
  ];
  await vitrine.db.query(`insert into tags (name) values ('sea')`);
  for (const { username } of Object.values(people).filter((one) => one !== people.crowding))
    await follower.client.post(`/api/follows/${username}`).expect(201);
  await follower.client.post(`/api/mutes/${people.muted.username}`).expect(201);
  for (const name of ['shy', 'opening'] as const) await makePrivate(people[name], true);
  await settle();
  for (let round = 0; round < 3; round++)
    for (const [name, person] of Object.entries(people))
      if (name !== 'crowding') for (const visibility of visibilities) await publish(person, visibility, 2, round);
  await people.blocking.client.post(`/api/blocks/${follower.username}`).expect(201);
  await makePrivate(people.opening, false);
  await makePrivate(people.closing, true);
}, 120_000);
afterAll(() => vitrine.stop());

const visibilities = ['public', 'followers', 'unlisted', 'private'];
const makePrivate = ({ client }: Person, isPrivate: boolean) => client.put('/api/users/me', { isPrivate }).expect(200);
/** As a worker does. */
const settle = async () => {
  for (const table of ['medias', 'playlists'])
    await vitrine.db.query(`update ${table} x set owner_is_open = u.disabled_at is null and not u.is_private
      from users u where u.id = x.owner_id and x.owner_is_open <> (u.disabled_at is null and not u.is_private)`);
  await vitrine.db.query('update users set is_open = disabled_at is null and not is_private');
};
async function publish(owner: Person, visibility: string, count: number, counter = 0) {
  await vitrine.db.query(
    `with m as (
       insert into medias (url, owner_id, type, visibility, status, shown, views_count, likes_count)
       select substr(md5(random()::text), 1, 16), $1, case mod(i, 2) when 0 then 'photo' else 'music' end, $2, 'ready', true, $4::int, $4::int
       from generate_series(1, $3::int) i returning id)
     insert into media_tags (media_id, tag_id) select m.id, t.id from m, tags t`,
    [owner.id, visibility, count, counter],
  );
  await vitrine.db.query(
    `insert into playlists (url, owner_id, title, visibility, type)
     select substr(md5(random()::text), 1, 16), $1, 'Evenings', $2, case mod(i, 2) when 0 then 'photo' else 'any' end from generate_series(1, $3) i`,
    [owner.id, visibility, count],
  );
}

/** What a list has to show. */
async function plain(viewer: string | null, from: string, order: string) {
  const { rows } = await vitrine.db.query<{ url: string }>(
    `select x.url from ${from} join users o on o.id = x.owner_id
     where x.visibility in ('public', 'followers') and o.disabled_at is null
       and (x.owner_id = $1 or x.visibility = 'public' and not o.is_private
         or exists (select from follows where follower_id = $1 and followee_id = o.id and accepted_at is not null))
       and not exists (select from blocks where (blocker_id, blocked_id) in (($1, o.id), (o.id, $1)))
       and not exists (select from mutes where muter_id = $1 and muted_id = o.id)
     order by ${order}`,
    [viewer],
  );
  return rows.map(({ url }) => url);
}
const orders = {
  newest: 'x.id desc',
  oldest: 'x.id',
  'most-viewed': 'x.views_count desc, x.id desc',
  'least-viewed': 'x.views_count, x.id',
  'most-liked': 'x.likes_count desc, x.id desc',
};
const photos = `(select * from medias where type = 'photo') x`;
const lists: [address: string, from: string, order: string][] = [
  ...Object.entries(orders).flatMap(([sort, order]): typeof lists => [
    [`medias?sort=${sort}`, 'medias x', order],
    [`medias?sort=${sort}&type=photo`, photos, order],
    [`medias?sort=${sort}&tag=sea`, 'medias x', order],
    [`medias?sort=${sort}&tag=sea&type=photo`, photos, order],
  ]),
  ['tags/sea/medias?', 'medias x', orders.newest],
  ['feeds/global?', `medias x join activities a on a.media_id = x.id and a.verb = 'post'`, 'a.seq desc'],
  ['feeds/global?type=photo', `${photos} join activities a on a.media_id = x.id and a.verb = 'post'`, 'a.seq desc'],
  ['playlists?', 'playlists x', orders.newest],
  ['playlists?sort=oldest', 'playlists x', orders.oldest],
  ['playlists?type=photo', `(select * from playlists where type = 'photo') x`, orders.newest],
];

async function compare() {
  const wrong: string[] = [];
  for (const { who, id, client } of viewers)
    for (const [address, from, order] of lists) {
      const expected = await plain(id, from, order);
      const seen: string[] = [];
      for (let cursor = '', page = 0; cursor !== 'end' && page < 20; page++) {
        const { body } = await client.get(`/api/${address}&limit=13${cursor && `&cursor=${cursor}`}`).expect(200);
        seen.push(...body.items.map(({ url }: { url: string }) => url));
        cursor = body.nextCursor ?? 'end';
      }
      expect(expected.length).toBeGreaterThan(0);
      if (String(seen) !== String(expected)) wrong.push(`${address} of ${who}: ${seen.length}, not ${expected.length}`);
    }
  expect(wrong).toEqual([]);
}

describe.each(['before its rows follow', 'after'])(
  'with an account that was just opened, and one that was closed, %s',
  (when) => {
    it('lists show what a plain query shows', async () => {
      if (when === 'after') await settle();
      await compare();
    });

    it('among many that are hidden, too', async () => {
      await publish(people.crowding, 'followers', 130, 1);
      await publish(people.crowding, 'private', 30, 2);
      await compare();
      await vitrine.db.query('delete from medias where owner_id = $1', [people.crowding.id]);
      await vitrine.db.query('delete from playlists where owner_id = $1', [people.crowding.id]);
    });
  },
  300_000,
);

describe('who finds a media stands beside it, too', () => {
  const copies = async (url: string) =>
    (
      await vitrine.db.query<{ reaches: string }>(
        `select concat_ws(' ', m.reach, mt.reach, a.reach) as reaches from medias m join media_tags mt on mt.media_id = m.id
         join activities a on a.media_id = m.id and a.verb = 'post' where m.url = $1`,
        [url],
      )
    ).rows[0]?.reaches;
  const add = async (owner: Person, visibility: string, shown = true) => {
    const url = Math.random().toString(36).slice(2, 14);
    await vitrine.db.query(
      `insert into medias (url, owner_id, type, visibility, status, shown) values ($1, $2, 'photo', $3, 'ready', $4)`,
      [url, owner.id, visibility, shown],
    );
    return url;
  };
  const tag = (url: string) =>
    `insert into media_tags (media_id, tag_id) select m.id, t.id from medias m, tags t where m.url = '${url}'`;

  it('when it is shown, when its visibility changes, and when its account does', async () => {
    const owner = await newPerson(vitrine);
    const url = await add(owner, 'followers', false);
    await vitrine.db.query(tag(url));
    const change = async (set: string) => {
      await vitrine.db.query(`update medias set ${set} where url = $1`, [url]);
      return copies(url);
    };
    expect(await change('shown = true')).toBe('1 1 1');
    expect(await change(`visibility = 'public'`)).toBe('2 2 2');
    expect(await change('owner_is_open = false')).toBe('1 1 1');
    expect(await change(`visibility = 'unlisted'`)).toBe('0 0 0');
    expect(await change(`visibility = 'public', owner_is_open = true`)).toBe('2 2 2');
    expect(await change('shown = false')).toBe('0 0 0');
  });

  it.each(['tagged', 'changed'])('when it is tagged and changed at once, %s first', async (first) => {
    const url = await add(await newPerson(vitrine), 'public');
    const [one, other] = [await vitrine.db.connect(), await vitrine.db.connect()];
    const acts = [tag(url), `update medias set visibility = 'followers' where url = '${url}'`];
    if (first === 'changed') acts.reverse();
    await one.query('begin');
    await one.query(acts[0]!);
    const second = other.query(acts[1]!);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await one.query('commit');
    await second;
    one.release();
    other.release();
    expect(await copies(url)).toBe('1 1 1');
  });
});

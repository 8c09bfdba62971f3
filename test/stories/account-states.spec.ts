import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import type { Json } from '../setup/client.js';
import { bareMedias, item, makePlaylist } from '../setup/playlists.js';
import { recount } from '../setup/recount.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const worker = 'social,mail,maintenance';
let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [worker] });
}, 120_000);
afterAll(() => vitrine.stop());

const disable = ({ id }: Person, yes: boolean) =>
  vitrine.db.query('update users set disabled_at = case when $2 then now() end where id = $1', [id, yes]);
const one = async (query: string, ...values: unknown[]): Promise<Json> =>
  (await vitrine.db.query<{ value: Json }>(`select (${query}) as value`, values)).rows[0]!.value;
const settled = async () => {
  await until(
    async () => (await one('select count(*)::int from users where is_counted <> (disabled_at is null)')) === 0,
    'rows to follow their accounts',
    60_000,
  );
  await vitrine.settled();
};
/** Rows that do not match the state of their account. */
const wrong = () => {
  const isThere = (id: string) => `exists (select 1 from users u where u.id = ${id} and u.disabled_at is null)`;
  return one(`select json_agg(x) from (
    select 'reactions' as rows from reactions t where is_counted <> ${isThere('t.user_id')}
    union all select 'comment_reactions' from comment_reactions t where is_counted <> ${isThere('t.user_id')}
    union all select 'reposts' from reposts t where is_counted <> ${isThere('t.user_id')}
    union all select 'follows' from follows t where is_counted <> (${isThere('t.follower_id')} and ${isThere('t.followee_id')})
    union all select 'comments' from comments t where author_id is not null and is_counted <> ${isThere('t.author_id')}
    union all select 'medias' from medias t where owner_is_counted <> ${isThere('t.owner_id')}
    union all select 'items' from playlist_items t where is_counted <> ${isThere('t.owner_id')}) x`);
};
async function expectSettled() {
  await settled();
  expect(await wrong()).toBeNull();
  expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
}

it('more rows than fit into a transaction follow, although the worker is killed', async () => {
  const [ada, ghost] = [await newPerson(vitrine), await newPerson(vitrine)];
  const medias = await bareMedias(vitrine, ada, 900);
  await vitrine.db.query(
    `insert into reactions (media_id, user_id, emoji) select id, $2, '👍' from medias where url = any($1)`,
    [medias, ghost.id],
  );
  const likes = () => one('select likes_received_count from users where id = $1', ada.id);
  const counted = () => one('select sum(likes_count)::int from medias where owner_id = $1', ada.id);
  expect(await counted()).toBe(900);
  await disable(ghost, true);
  await until(async () => (await counted()) < 900, 'the first of them', 30_000, 2);
  await vitrine.end(worker, 'SIGKILL');
  const left = await counted();
  expect([700, 500, 300, 100, 0], 'whole slices').toContain(left);
  vitrine.startWorker(worker);
  await expectSettled();
  expect(await counted()).toBe(0);
  await until(async () => (await likes()) === 0, 'the owner to lose them', 20_000);
  await disable(ghost, false);
  await expectSettled();
  expect(await counted()).toBe(900);
  await until(async () => (await likes()) === 900, 'the owner to have them again', 20_000);
}, 180_000);

it('accounts disabled and enabled during other activity end with counts that match the lists', async () => {
  const people: Person[] = [];
  for (let i = 0; i < 5; i++) people.push(await newPerson(vitrine));
  const [ada, vera, zoe, ghost, other] = people as [Person, Person, Person, Person, Person];
  const medias = (await Promise.all(people.map((person) => bareMedias(vitrine, person, 2)))).flat();
  for (const [i, url] of medias.entries())
    await people[Math.floor(i / 2)]!.client.put(`/api/medias/${url}`, { tags: ['sea', 'sun'] }).expect(200);
  const playlist = await makePlaylist(ada.client);
  const { body: comment } = await ada.client.post(`/api/comments/medias/${medias[0]}`, { text: 'Well' }).expect(201);
  const comments: string[] = [comment.url];

  const done = new AbortController();
  const answers = new Set<number>();
  const act = async ({ client, username }: Person, i: number): Promise<void> => {
    const media = medias[(i * 7) % medias.length]!;
    const whom = people[(i * 3) % people.length]!;
    const talk = comments[(i * 5) % comments.length]!;
    const acts = [
      () => client.post(`/api/medias/${media}/likes`, { isLike: i % 5 > 0 }),
      () => client.post(`/api/medias/${media}/reposts`),
      () => client.post(`/api/comments/${talk}/likes`),
      () => client.post(`/api/comments/medias/${medias[i % 2]}`, { text: `${i}`, ...(i % 2 && { replyTo: talk }) }),
      () => (whom.username === username ? client.get('/api/users/me') : client.post(`/api/follows/${whom.username}`)),
      () => ada.client.post(item(media, playlist)),
      () => client.delete(`/api/medias/${media}/likes`),
      () => (i % 3 ? client.get('/api/medias') : client.delete(`/api/comments/${talk}`)),
      () => (whom.username === username ? client.get('/api/users/me') : client.delete(`/api/follows/${whom.username}`)),
      () => client.put(`/api/users/me`, { isPrivate: i % 4 === 0 }),
      () => ada.client.delete(item(media, playlist)),
    ];
    const { status, body } = await acts[i % acts.length]!();
    answers.add(status);
    if (status === 201 && typeof body?.text === 'string') comments.push(body.url);
  };
  const busy = people.map(async (person, n) => {
    for (let i = n; !done.signal.aborted; i++) await act(person, i);
  });
  const coming = [ghost, other].map(async (person, n) => {
    for (let round = 0; round < 15; round++) {
      await disable(person, round % 2 === 0);
      await new Promise((resolve) => setTimeout(resolve, 150 + ((round * 137 + n * 211) % 400)));
    }
    await disable(person, n === 0);
  });
  await Promise.all(coming);
  done.abort();
  await Promise.all(busy);
  expect([...answers].filter((status) => status >= 500)).toEqual([]);
  expect([...answers]).toEqual(expect.arrayContaining([201, 401, 404]));
  await expectSettled();
  // In lists, too: nobody sees a disabled user.
  for (const { client } of [vera, zoe, other]) {
    for (const { username } of [ada, zoe]) {
      const { status, body } = await client.get(`/api/users/${username}`).expect(200);
      const followers = await client.get(`/api/users/${username}/followers?limit=100`);
      if (followers.status === 200) expect([status, body.counts.followers]).toEqual([200, followers.body.items.length]);
    }
  }
}, 180_000);

import type { PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bareMedias } from '../setup/playlists.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/**
 * Another transaction holds a row; whoever waits for it must not hold rows that come later in the lock order, or the
 * two could deadlock.
 */
let vitrine: Vitrine;
let users: Awaited<ReturnType<Vitrine['signUp']>>[];
let other: PoolClient;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  users = [];
  for (let i = 0; i < 5; i++) users.push(await vitrine.signUp());
}, 120_000);
afterAll(() => vitrine.stop());
beforeEach(async () => {
  other = await vitrine.db.connect();
  await other.query('begin');
  return async () => {
    await other.query('rollback');
    other.release();
  };
});

const someoneWaits = (what: string) =>
  until(async () => {
    const { rows } = await vitrine.db.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
      [`%${what}%`],
    );
    return rows.length > 0;
  }, 'somebody to wait');
/** @throws if anybody holds one of them */
const take = (names: string[]) =>
  other.query('select 1 from users where username = any($1) order by id for no key update nowait', [names]);

it('changing tags and visibility of a media locks the tags before its owner', async () => {
  const [ada] = users;
  const [media] = await bareMedias(vitrine, ada!, 1);
  const path = `/api/medias/${media}`;
  await ada!.put(path, { tags: ['old'] }).expect(200);
  await vitrine.db.query(`insert into tags (name) values ('new')`);
  await other.query(`select 1 from tags where name = 'new' for no key update`);
  const answer = ada!.put(path, { tags: ['new'], visibility: 'private' });
  await someoneWaits('tags');
  await take([ada!.username]);
  await other.query('commit');
  const { body } = await answer.expect(200);
  expect(body).toMatchObject({ tags: ['new'], visibility: 'private' });
  const { rows } = await vitrine.db.query('select name from tags where medias_count > 0');
  expect(rows).toEqual([]);
});

it('views are added to owners in the order of the owners', async () => {
  const names = users.map(({ username }) => username);
  // Newest owner first, which is not the lock order.
  const medias: string[] = [];
  for (const user of users.toReversed()) medias.push(...(await bareMedias(vitrine, user, 2)));
  await take(names.slice(0, 1));
  await Promise.all(medias.map((url) => vitrine.client().post(`/api/medias/${url}/views`).expect(201)));
  await someoneWaits('select 1 from users where id in');
  await take(names);
  await other.query('commit');
  await until(async () => {
    const { rows } = await vitrine.db.query('select sum(views_count)::int as views from users');
    return rows[0]!.views === medias.length;
  }, 'the views to be counted');
});

it('likes are added to owners in the order of the owners, without blocking them', async () => {
  const [ada, bob, ghost] = [users[0]!, users[1]!, users[4]!];
  const medias = [...(await bareMedias(vitrine, bob, 2)), ...(await bareMedias(vitrine, ada, 2))];
  await take([ada.username]);
  for (const url of medias) await ghost.post(`/api/medias/${url}/likes`).expect(201);
  const received = async () =>
    (await vitrine.db.query('select sum(likes_received_count)::int as n from users')).rows[0]!.n as number;
  const before = await received();
  await someoneWaits('select 1 from users where id in');
  await take([bob.username]);
  await other.query('commit');
  await until(async () => (await received()) === before + medias.length, 'the likes to be counted');
});

import type { PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Vitrine } from '../setup/vitrine.js';

/** So many that comparing each with each takes minutes. */
const rows = 20_000;
const maxMs = 15_000;

let vitrine: Vitrine;
/** PostgreSQL plans the statements of a trigger once for each connection: here, for a change of one row. */
let connection: PoolClient;
const ada = `(select id from users where username = 'ada')`;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  connection = await vitrine.db.connect();
  await connection.query(`set statement_timeout = ${maxMs}`);
  await connection.query(
    `insert into users (username, email, password_hash, display_name)
     select name, name || '@example.org', '', 'One of many' from generate_series(1, ${rows}) i, concat('many', i) name
     union all select 'ada', 'ada@example.org', '', 'Ada'`,
  );
}, 60_000);
afterAll(async () => {
  connection?.release(true);
  await vitrine?.stop();
});
// Not committed: what is told would be taken at once.
beforeEach(async () => {
  await connection.query('begin');
  return () => connection.query('rollback');
});

const told = async () => {
  const { rows: found } = await connection.query<{ name: string; users: number; lines: number }>(
    `with gone as (delete from realtime.pending returning *)
     select name, sum(cardinality(user_ids))::int as users, sum(cardinality(own_ids))::int as lines from gone group by name`,
  );
  return found;
};

it('a private account that becomes public accepts very many requests in linear time', async () => {
  const counted = async () => {
    const { rows: found } = await connection.query<object>(
      `select followers_count as followers, (select sum(followings_count)::int from users) as followings
       from users where username = 'ada'`,
    );
    return found[0];
  };
  const accept = (at: string, which: string) =>
    connection.query(`update follows set accepted_at = ${at} where followee_id = ${ada} and ${which}`);
  await connection.query(
    `insert into follows (follower_id, followee_id) select id, ${ada} from users where username like 'many%'`,
  );
  expect(await told()).toEqual([]);
  await accept('now()', `follower_id = (select id from users where username = 'many1')`);
  expect(await told()).toMatchObject([{ name: '~relations', users: 2 }]);
  await accept('now()', 'accepted_at is null');
  expect(await told()).toMatchObject([{ name: '~relations', users: rows }]);
  expect(await counted()).toEqual({ followers: rows, followings: rows });

  await accept(`now() + interval '1 second'`, 'true');
  expect(await told()).toEqual([]);
  expect(await counted()).toEqual({ followers: rows, followings: rows });
  await accept('null', 'true');
  expect(await counted()).toEqual({ followers: 0, followings: 0 });
}, 120_000);

it('very many notifications are marked as read in linear time, and only those that grow are told', async () => {
  const change = (what: string, which: string) =>
    connection.query(`update notifications set ${what} where user_id = ${ada} and ${which}`);
  await connection.query(
    `insert into notifications (user_id, kind, in_app, day, position)
     select ${ada}, 'follow', true, current_date - i, i from generate_series(1, ${rows}) i`,
  );
  expect(await told()).toMatchObject([{ lines: rows }]);
  await change('read_at = now()', 'position = 1');
  await change('read_at = now()', 'read_at is null');
  expect(await told()).toEqual([]);
  await change('actors_count = actors_count + 1', 'position <= 3');
  await change('actors_count = actors_count + 1, in_app = false', 'position = 4');
  expect(await told()).toEqual([{ name: 'notification.changed', users: 3, lines: 3 }]);
}, 120_000);

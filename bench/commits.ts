import { load } from './load.js';
import { atLeast, inTurns, report, type Settings } from './measure.js';
import type { Request } from './same-sql.js';
import { withSystem, type System } from './system.js';

const connections = 32;
const seconds = 4;
const warmUpSeconds = 10;

/**
 * What waking others costs the requests that have something to tell: likes by 32 connections on a disk that takes 3 ms for
 * each flush, against the same likes while nothing is sent between the processes. PostgreSQL itself makes the disk slow
 * (`commit_delay`). Without workers, which would take their part of the processors.
 */
export async function commits({ pairs }: Settings): Promise<void> {
  const env = { RATE_LIMIT_FACTOR: '0', DATABASE_POOL: String(connections) };
  await withSystem({ env, workers: [], prepare: switchable }, async (system) => {
    const { db, origin: url, user: headers } = system;
    for (const name of ['commit_delay = 3000', 'commit_siblings = 0']) await db.query(`alter system set ${name}`);
    await db.query('select pg_reload_conf()');
    const requests = await likes(system);
    const rate = async (duration: number) =>
      (await load({ url, headers, seconds: duration, connections, requests })).requests;
    const likesWhile = (isQuiet: boolean) => async () => {
      await db.query('update quiet.state set is_quiet = $1', [isQuiet]);
      return rate(seconds);
    };
    await rate(warmUpSeconds);
    report('commits, likes', 'req/s', await inTurns(pairs, likesWhile(false), likesWhile(true)), atLeast(0.9));
  });
}

/** From now on every connection finds a `pg_notify` that can be switched off. */
async function switchable(db: System['db']): Promise<void> {
  await db.query(`create schema quiet;
    create table quiet.state (is_quiet boolean not null);
    insert into quiet.state values (false);
    create function quiet.pg_notify(channel text, payload text) returns void language plpgsql as $f$
    begin
      if not (select is_quiet from quiet.state) then perform pg_catalog.pg_notify(channel, payload); end if;
    end $f$;
    do $d$ begin
      execute format('alter database %I set search_path = quiet, pg_catalog, public', current_database());
    end $d$`);
}

async function likes({ db }: System): Promise<Request[]> {
  const { rows } = await db.query<{ url: string }>(
    `insert into medias (url, owner_id, type, shown, status)
     select 'liked' || lpad(i::text, 11, '0'), (select id from users limit 1), 'photo', true, 'ready'
     from generate_series(1, ${connections}) i returning url`,
  );
  return [true, false].flatMap((isLike) =>
    rows.map(({ url }): Request => ({ method: 'POST', path: `/api/medias/${url}/likes`, body: { isLike } })),
  );
}

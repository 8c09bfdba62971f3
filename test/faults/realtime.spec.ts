import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedPostgres, startPostgres } from '../../src/local/postgres.js';
import { readConfig } from '../../src/platform/config/env.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { newPerson, type Person } from '../model/world.js';
import { chance } from '../setup/chance.js';
import { Device } from '../setup/device.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Each with two devices. */
const people = 100;
const writers = 8;
/** In the logs of all users together. */
const events = 20_000;
const kills = 20;
/** A transaction tells three users on average; one in twenty is rolled back. */
const transactions = Math.ceil(events / 2.6);
const workers = ['social', 'mail,maintenance'];
const twin = 'api-2';

let dir: string;
/** A server of its own, which can be stopped. */
let postgres: EmbeddedPostgres;
let vitrine: Vitrine;
let origins: [string, string];
let users: Person[];
let db: pg.Pool;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-realtime-'));
  postgres = await startPostgres({ dataDir: dir, durable: true });
  await migrate(readConfig({ DATABASE_URL: postgres.url }));
  vitrine = await Vitrine.start({ workers, databaseUrl: postgres.url });
  origins = [vitrine.origin, await vitrine.startTwin(twin)];
  users = await Promise.all(Array.from({ length: people }, () => newPerson(vitrine)));
  db = new pg.Pool({ connectionString: vitrine.databaseUrl, max: writers });
  db.on('error', () => undefined); // Its connections are cut, too.
}, 120_000);
afterAll(async () => {
  await db.end();
  await vitrine.stop();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});

/** What each user must have heard: the ids of committed transactions. */
const acknowledged = new Map<string, Set<string>>();

/** Tells one to five users of something, in a transaction that may take a while, or be rolled back. */
async function write(random: (n: number) => number): Promise<void> {
  const id = randomUUID();
  const told = Array.from({ length: 1 + random(5) }, () => users[random(people)]!.id);
  const client = await db.connect();
  const ignore = () => undefined; // What fails is asked again by the statement below.
  client.on('error', ignore);
  try {
    await client.query('begin');
    await client.query(`insert into realtime.pending (user_ids, name, ids) values ($1, 'notification.changed', $2)`, [
      told,
      { id },
    ]);
    if (random(4) === 0) await sleep(random(20));
    if (random(20) === 0) await client.query('rollback');
    else {
      await client.query('commit');
      for (const user of told) acknowledged.set(user, (acknowledged.get(user) ?? new Set()).add(id));
    }
    client.off('error', ignore);
    client.release();
  } catch {
    // Its connection was cut: perhaps it committed, perhaps not.
    client.off('error', ignore);
    client.release(true);
  }
}

it('each device hears each event of its user once, in order, whatever is killed', async () => {
  const random = chance('realtime');
  const devices = users.flatMap((user) =>
    [0, 1].map((i) => ({
      user,
      device: new Device(origins[i]!, { apiKey: user.client.credentials['x-api-key'] }, { reconnects: true }),
    })),
  );
  for (const { device } of devices) await device.ready();

  const since = performance.now();
  const progress = { written: 0 };
  const writing = Array.from({ length: writers }, async () => {
    for (; progress.written < transactions; progress.written++) await write(random);
  });
  const counts = { cut: 0, api: 0, worker: 0, connections: 0, postgres: 0 };
  const trouble = (async () => {
    for (let i = 0; progress.written < transactions || i < kills; i++) {
      for (let n = 0; n < 5; n++) {
        devices[random(devices.length)]!.device.cut();
        counts.cut++;
      }
      if (i === 10) {
        // Immediate shutdown: as a crash, without a checkpoint.
        process.kill(postgres.pid, 'SIGQUIT');
        await postgres.exited;
        postgres = await startPostgres({ dataDir: dir, durable: true });
        counts.postgres++;
      } else if (i % 3 === 0) {
        const name = random(2) ? 'api' : twin;
        await vitrine.end(name, 'SIGKILL');
        counts.api++;
        if (name === 'api') await vitrine.startApi();
        else await vitrine.startTwin(twin, Number(new URL(origins[1]).port));
      } else if (i % 3 === 1) {
        const worker = workers[random(workers.length)]!;
        await vitrine.end(worker, 'SIGKILL');
        counts.worker++;
        vitrine.startWorker(worker);
      } else {
        await vitrine.db.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
        );
        counts.connections++;
      }
      await sleep(100 + random(300));
    }
  })();
  await Promise.all(writing);
  await trouble;

  await until(
    async () => (await vitrine.db.query('select from realtime.pending')).rowCount === 0,
    'everything to be numbered',
  );
  const { rows } = await vitrine.db.query<{ user_id: string; ids: string[] }>(
    `select user_id, array_agg(ids ->> 'id' order by seq) as ids from realtime.log group by user_id`,
  );
  const log = new Map(rows.map(({ user_id, ids }) => [user_id, ids]));
  for (const [user, ids] of acknowledged)
    expect(
      [...ids].filter((id) => !log.get(user)?.includes(id)),
      'acknowledged, and not in the log',
    ).toEqual([]);
  for (const { user, device } of devices) {
    const expected = log.get(user.id) ?? [];
    await until(async () => device.of('notification.changed').length >= expected.length, 'all events', 30_000).catch(
      (error: unknown) => {
        const { isConnected, isActive, refused, cursor } = device;
        throw new Error(JSON.stringify({ isConnected, isActive, refused, cursor, said: vitrine.said.slice(-2_000) }), {
          cause: error,
        });
      },
    );
    expect(device.of('notification.changed').map(({ id }) => id as string)).toEqual(expected);
    expect(
      device
        .of('ready')
        .slice(1)
        .every(({ resumed }) => resumed),
    ).toBe(true);
    device.close();
  }
  const total = [...log.values()].reduce((sum, ids) => sum + ids.length, 0);
  const seconds = Math.round((performance.now() - since) / 1_000);
  console.log(
    `${devices.length} clients: ${progress.written} transactions, ${total} events, twice each, in ${seconds} s; ${JSON.stringify(counts)}`,
  );
  expect(total).toBeGreaterThanOrEqual(events);
}, 600_000);

import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import type { Config } from '../config/env.js';
import { migrateQueueStore } from '../queue/store.js';
import { migrations } from './migrations/migrations.js';
import { databaseUrl, ormOptions } from './orm.js';

/** Arbitrary, but the same for everybody who migrates. */
const lock = 7_418_529_630;
const oldest = 180_000;

/**
 * Runs pending migrations; processes that start together wait for the first one.
 * @returns the names of the migrations that ran
 */
export async function migrate(config: Config): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl(config) });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
    if (Number(rows[0]!.server_version_num) < oldest) throw new Error('Vitrine needs PostgreSQL 18 or newer.');
    await client.query('select pg_advisory_lock($1)', [lock]);
    if (await isThere(client, 'public.migrations')) await renumber(client);
    const orm = await MikroORM.init({ ...ormOptions(databaseUrl(config), [], 2), logger: () => {} });
    try {
      const ran = await orm.migrator.up();
      await migrateQueueStore(config);
      return ran.map(({ name }) => name);
    } finally {
      await orm.close();
    }
  } finally {
    await client.end();
  }
}

/** Without this check, a process would fail at its first statement, or damage data of another version. */
export class NotMigrated extends Error {
  constructor() {
    super('The database or the queue in it is not up to date: run `npm run vitrine -- migrate` first.');
  }
}

/** @throws {NotMigrated} */
export async function requireMigrated(config: Config): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl(config) });
  await client.connect();
  try {
    if (!(await isThere(client, 'public.migrations'))) throw new NotMigrated();
    const { rows: done } = await client.query<{ name: string }>('select name from migrations');
    const names = new Set(done.map(({ name }) => name));
    if (!migrations.every(({ name }) => names.has(name))) throw new NotMigrated();
    // Missing where Redis was in use until now.
    if (!config.redisUrl && !(await isThere(client, 'bullmq.job'))) throw new NotMigrated();
  } finally {
    await client.end();
  }
}

/** A migration is identified by the words of its name; the number in front has changed for some. */
async function renumber(client: pg.Client): Promise<void> {
  await client.query(
    `update migrations m set name = known.name from unnest($1::text[]) as known (name)
     where m.name <> known.name and substr(m.name, 6) = substr(known.name, 6)`,
    [migrations.map(({ name }) => name)],
  );
}

async function isThere(client: pg.Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table]);
  return rows[0]!.there;
}

import pg from 'pg';
import type { Config } from '../platform/config/env.js';
import { NotMigrated, requireMigrated } from '../platform/database/migrate.js';
import { databaseUrl } from '../platform/database/orm.js';
import { broken, ok, warning, type Check } from './check.js';

/** Of checks that only ask it. */
const remedy = 'First do what is said of the database.';
const maxSkewMs = 2_000;
/** Of connections: each process has a pool of its own, and one for the queue. */
const minSpare = 20;

async function withDatabase<T>(config: Config, ask: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl(config), connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

const database: Check = {
  name: 'database',
  remedy: 'Check DATABASE_URL, and that PostgreSQL runs and lets this machine in.',
  run: (config) =>
    withDatabase(config, async (client) => {
      const begun = performance.now();
      const { rows } = await client.query<{ version: string; most: number; used: number; durable: boolean }>(
        `select current_setting('server_version') as version, current_setting('max_connections')::int as most,
          (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
          current_setting('fsync')::bool and current_setting('full_page_writes')::bool as durable`,
      );
      const ms = (performance.now() - begun).toFixed(1);
      const { version, most, used, durable } = rows[0]!;
      return [
        Number.parseInt(version) < 18
          ? broken(`PostgreSQL ${version}`, 'Vitrine needs PostgreSQL 18 or newer.')
          : ok(`PostgreSQL ${version}, answers in ${ms} ms`),
        most - used < minSpare
          ? warning(
              `${used} of ${most} connections are in use`,
              'Raise max_connections, or put a pooler in front (DATABASE_PREPARED=false for PgBouncer before 1.21).',
            )
          : ok(`${used} of ${most} connections are in use`),
        ...(durable
          ? []
          : [broken('fsync or full_page_writes is off', 'Turn both on: a crash of the machine would lose data.')]),
      ];
    }),
};

const migrations: Check = {
  name: 'migrations',
  remedy,
  run: async (config) => {
    try {
      await requireMigrated(config);
    } catch (error) {
      if (error instanceof NotMigrated)
        return [broken('the database is older than this version', 'Run `npm run vitrine -- migrate`.')];
      throw error;
    }
    return [ok('up to date')];
  },
};

const clock: Check = {
  name: 'clock',
  remedy,
  run: (config) =>
    withDatabase(config, async (client) => {
      const before = Date.now();
      const { rows } = await client.query<{ now: number }>(
        'select extract(epoch from clock_timestamp())::float8 as now',
      );
      const after = Date.now();
      const skew = Math.round(Math.max(before - rows[0]!.now * 1_000, rows[0]!.now * 1_000 - after, 0));
      return [
        skew > maxSkewMs
          ? warning(
              `differs from the database's by ${skew} ms`,
              'Both machines should keep their time by NTP: tokens and signed addresses expire by it.',
            )
          : ok("agrees with the database's"),
      ];
    }),
};

const outbox: Check = {
  name: 'events',
  remedy,
  run: (config) =>
    withDatabase(config, async (client) => {
      const { rows } = await client.query<{ count: number; seconds: number }>(
        `select count(*)::int as count, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as seconds
         from outbox_events where dispatched_at is null`,
      );
      const { count, seconds } = rows[0]!;
      return seconds > 30
        ? [
            broken(
              `${count} wait, the oldest for ${Math.round(seconds)} seconds`,
              'At least one worker must serve `social`: start one, or read its log.',
            ),
          ]
        : [ok(`${count} wait`)];
    }),
};

export const databaseChecks = [database, migrations, clock, outbox];

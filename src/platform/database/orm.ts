import { Migrator } from '@mikro-orm/migrations';
import { defineConfig, PostgreSqlDriver, type Options } from '@mikro-orm/postgresql';
import type { Config } from '../config/env.js';
import { Operation } from '../operation.js';
import { PreparingClient } from './preparing-client.js';
import { migrations } from './migrations/migrations.js';

/** Shared by the API, the workers, the command line and MikroORM's own tool. */
export const ormOptions = (url: string, entities: Options['entities'], pool = 10, isPrepared = true) =>
  defineConfig({
    driver: PostgreSqlDriver,
    clientUrl: url,
    ...(entities && { entities }),
    pool: { min: 0, max: pool },
    // A list instead of a folder: the same in dist and under vitest.
    migrations: { migrationsList: migrations, snapshot: false, tableName: 'migrations', transactional: true },
    extensions: [Migrator],
    context: () => Operation.entityManager(),
    discovery: { warnWhenNoEntities: false },
    driverOptions: {
      ...(isPrepared && { Client: PreparingClient }),
      connectionTimeoutMillis: 5_000,
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 60_000,
      application_name: 'vitrine',
      options: [
        // Low enough that a name of five letters with two of them swapped still matches.
        'pg_trgm.word_similarity_threshold=0.45',
        // Pages have many subqueries, whose estimates are high though they take microseconds: compiling such a plan takes
        // a hundred times as long as running it, and workers would be started to share what is not there.
        'jit=off',
        'max_parallel_workers_per_gather=0',
      ]
        .map((setting) => `-c ${setting}`)
        .join(' '),
    },
  });

/** @throws {Error} without a DATABASE_URL, where no embedded PostgreSQL runs */
export function databaseUrl(config: Pick<Config, 'database'>): string {
  if (!config.database.url)
    throw new Error(
      'DATABASE_URL is not set. `npm start` runs its own PostgreSQL, but only operator commands in its folder find it.',
    );
  return config.database.url;
}

import { Migrator } from '@mikro-orm/migrations';
import { defineConfig, PostgreSqlDriver, type Options } from '@mikro-orm/postgresql';
import type { Config } from '../config/env.js';
import { Activity } from '../activity.js';
import { PreparingClient } from './preparing-client.js';
import { migrations } from './migrations/migrations.js';

/** What the API, the workers, the command line and MikroORM's own tool share. */
export const ormOptions = (url: string, entities: Options['entities'], pool = 10, isPrepared = true) =>
  defineConfig({
    driver: PostgreSqlDriver,
    clientUrl: url,
    ...(entities && { entities }),
    pool: { min: 0, max: pool },
    // A list instead of a folder: the same in dist and under vitest.
    migrations: { migrationsList: migrations, snapshot: false, tableName: 'migrations', transactional: true },
    extensions: [Migrator],
    context: () => Activity.entityManager(),
    discovery: { warnWhenNoEntities: false },
    driverOptions: {
      ...(isPrepared && { Client: PreparingClient }),
      connectionTimeoutMillis: 5_000,
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 60_000,
      application_name: 'vitrine',
      // Two letters exchanged in a name of five are still that name.
      options: '-c pg_trgm.word_similarity_threshold=0.45',
    },
  });

/** @throws {Error} where nobody said which database, and nobody started the embedded one */
export function databaseUrl(config: Pick<Config, 'database'>): string {
  if (!config.database.url)
    throw new Error(
      'DATABASE_URL is not set. `npm start` brings a PostgreSQL of its own, which only operator commands in its folder find.',
    );
  return config.database.url;
}

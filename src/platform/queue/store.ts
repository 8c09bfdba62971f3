import { createPostgresBackend, runMigrations, setDefaultBackendFactory, type QueueOptions } from 'bullmq';
import pg from 'pg';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';

/**
 * Where BullMQ keeps its jobs: Redis when there is one, else PostgreSQL (schema `bullmq`, made by `migrate`). Nobody
 * closes it: workers still need it while they end, and it ends with the process.
 */
export interface QueueStore {
  connection: QueueOptions['connection'];
}

/** @param onError told of a lost connection; BullMQ opens another by itself */
export function openQueueStore(config: Config, onError: (error: Error) => void): QueueStore {
  if (config.redisUrl) {
    return { connection: { url: config.redisUrl, maxRetriesPerRequest: null } };
  }
  setDefaultBackendFactory(createPostgresBackend as never);
  // One pool for all queues and workers of the process; each worker keeps one client of it for LISTEN.
  const pool = new pg.Pool({
    connectionString: databaseUrl(config),
    max: 16,
    keepAlive: true,
    application_name: 'vitrine-queue',
    // BullMQ's statements NOTIFY, which lets no two of the cluster's commits go to disk together. What a crash of the
    // database takes of the queue with it is started again from its rows (UnfinishedWork).
    options: '-c search_path=bullmq -c synchronous_commit=off',
  });
  pool.on('error', onError);
  pool.setMaxListeners(0); // Every queue and worker of the process listens to it.
  return { connection: pool as never };
}

/** Makes BullMQ's tables. Must have run before any queue is constructed. */
export async function migrateQueueStore(config: Config): Promise<void> {
  if (config.redisUrl) return;
  const client = new pg.Client({ connectionString: databaseUrl(config) });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}

import { createPostgresBackend, runMigrations, setDefaultBackendFactory, type QueueOptions } from 'bullmq';
import pg from 'pg';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';
import { retryOnDeadlock } from '../database/retry-on-deadlock.js';
import { queueNames } from './definition.js';

/**
 * Where BullMQ keeps its jobs: Redis if configured, else PostgreSQL (schema `bullmq`, created by `migrate`). It is
 * never closed: workers need it while they end, and it ends with the process.
 */
export interface QueueStore {
  connection: QueueOptions['connection'];
}

/** @param onError called for a lost connection; BullMQ reconnects by itself */
export function openQueueStore(config: Config, onError: (error: Error) => void): QueueStore {
  if (config.redisUrl) {
    return { connection: { url: config.redisUrl, maxRetriesPerRequest: null } };
  }
  setDefaultBackendFactory(createPostgresBackend as never);
  const pool = queuePool(databaseUrl(config));
  pool.on('error', onError);
  pool.setMaxListeners(0); // Every queue and worker adds a listener.
  return { connection: pool as never };
}

/** Besides those that workers keep: enough for what the jobs of one process ask at once. */
const spareClients = 8;

/**
 * One for all queues and workers of the process. Each worker keeps two of its clients, for LISTEN and for waiting: a
 * process that serves all queues with none to spare would run no job.
 */
export function queuePool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 2 * queueNames.length + spareClients,
    keepAlive: true,
    application_name: 'vitrine-queue',
    // BullMQ's statements NOTIFY, which serialises commits of the whole cluster until each is on disk. Queue entries
    // that a crash of the database loses are restarted from rows (UnfinishedWork).
    options: '-c search_path=bullmq -c synchronous_commit=off',
  });
  // Each call of BullMQ is one statement. They lock jobs in more than one order, and a job whose completion was the
  // victim would count as failed.
  const query = pool.query.bind(pool) as (text: string, values?: unknown[]) => Promise<pg.QueryResult>;
  return Object.assign(pool, {
    query: (text: string, values?: unknown[]) => retryOnDeadlock(() => query(text, values)),
  });
}

/** Creates BullMQ's tables. Must run before any queue is constructed. */
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

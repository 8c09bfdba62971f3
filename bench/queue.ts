import { MikroORM } from '@mikro-orm/postgresql';
import { Logger } from '@nestjs/common';
import { Queue, Worker, type Job } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { entities } from '../src/entities.js';
import { readConfig } from '../src/platform/config/env.js';
import { ormOptions } from '../src/platform/database/orm.js';
import type { Handlers } from '../src/platform/queue/handlers.js';
import { jobs } from '../src/platform/queue/jobs.js';
import { Runner } from '../src/platform/queue/runner.js';
import { openQueueStore } from '../src/platform/queue/store.js';
import { atLeast, inTurns, report, wallOf, type Settings } from './measure.js';
import { withSystem } from './system.js';

const count = 1_000;
const concurrency = 8;
const name = 'tell-reaction';

/** Empty jobs in the same queue: through catalogue and runner, against a bare BullMQ worker. */
export async function queue({ pairs }: Settings): Promise<void> {
  Logger.overrideLogger(['error', 'warn']); // As in the workers' own logger.
  // Without workers the system has a database, and nobody else takes the jobs.
  await withSystem({ workers: [] }, async ({ databaseUrl }) => {
    const config = readConfig({ DATABASE_URL: databaseUrl });
    // A store is never closed: its connections are lost with the database, as expected.
    const { connection } = openQueueStore(config, () => {});
    const orm = await MikroORM.init({ ...ormOptions(databaseUrl, entities), logger: () => {} });
    const handlers = { of: () => async () => {} } as unknown as Handlers;
    const runner = new Runner(handlers, orm);
    const rate = (process: (job: Job, token?: string) => Promise<void>) => () => drain(connection, process);
    const ours = rate((job, token) => runner.run(job, token ?? ''));
    report(
      'queue',
      'jobs/s',
      await inTurns(
        pairs,
        ours,
        rate(async () => {}),
      ),
      atLeast(0.8),
    );
    await orm.close();
  });
}

/** @returns jobs per second from the first to the last one */
async function drain(
  connection: Queue['opts']['connection'],
  process: (job: Job, token?: string) => Promise<void>,
): Promise<number> {
  const { attempts, backoff } = jobs[name];
  const bulk = Array.from({ length: count }, () => ({
    name,
    data: { eventIds: [randomUUID()] },
    opts: { jobId: randomUUID(), attempts, backoff, removeOnComplete: true },
  }));
  const queue = new Queue('bench', { connection, prefix: 'vitrine' });
  await queue.addBulk(bulk);
  const worker = new Worker('bench', process, { connection, prefix: 'vitrine', concurrency, autorun: false });
  let done = 0;
  const finished = new Promise<void>((resolve, reject) => {
    worker.on('completed', () => ++done === count && resolve());
    worker.on('failed', (_job, error) => reject(error));
    worker.on('error', reject);
    queue.on('error', reject);
  });
  const seconds = await wallOf(() => {
    worker.run().catch(console.error);
    return finished;
  });
  await worker.close();
  await queue.close();
  return count / seconds;
}

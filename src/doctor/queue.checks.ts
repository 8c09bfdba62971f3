import { Queue } from 'bullmq';
import { queueNames, type QueueName } from '../platform/queue/definition.js';
import { openQueueStore, type QueueStore } from '../platform/queue/store.js';
import { ok, warning, type Check, type Finding } from './check.js';

const patienceMs = 5 * 60_000;
const waiting = ['waiting', 'prioritized'] as const;

async function findingOf(name: QueueName, store: QueueStore): Promise<Finding> {
  const queue = new Queue(name, { connection: store.connection, prefix: 'vitrine' });
  try {
    const counts = await queue.getJobCounts(...waiting, 'active', 'failed');
    const next = await queue.getJobs([...waiting], 0, 0, true);
    const age = Date.now() - Math.min(Date.now(), ...next.map(({ timestamp }) => timestamp));
    const { active = 0, failed = 0 } = counts;
    const found = `${name}: ${counts.waiting! + counts.prioritized!} wait, ${active} run, ${failed} failed within a week`;
    if (age < patienceMs) return ok(found);
    const forHowLong = `the next has waited for ${Math.round(age / 60_000)} minutes`;
    return active
      ? warning(`${found}; ${forHowLong}`, `Start more workers: npm run start:worker -- --queues=${name}`)
      : warning(`${found}; ${forHowLong}`, `No worker takes them: npm run start:worker -- --queues=${name}`);
  } finally {
    await queue.close();
  }
}

const queues: Check = {
  name: 'queues',
  remedy: 'Check REDIS_URL, or without it DATABASE_URL; then run `npm run vitrine -- migrate`.',
  run: async (config) => {
    const lost: Error[] = [];
    const store = openQueueStore(config, (error) => lost.push(error));
    const findings: Finding[] = [];
    for (const name of queueNames) findings.push(await findingOf(name, store));
    if (lost[0]) throw lost[0];
    return [ok(config.redisUrl ? 'in Redis' : 'in PostgreSQL'), ...findings];
  },
};

export const queueChecks = [queues];

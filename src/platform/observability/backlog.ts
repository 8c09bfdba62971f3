import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { sql } from '../database/sql.js';
import { queueNames, type QueueName } from '../queue/definition.js';
import { Jobs } from '../queue/jobs.service.js';
import { registry } from './metrics.js';

const registers = [registry];
const states = ['waiting', 'prioritized', 'active', 'delayed', 'failed'] as const;
/** The stored bytes are a sum over all accounts. */
const sumEveryMs = 5 * 60_000;

const queued = new Gauge({
  name: 'vitrine_queue_jobs',
  help: 'Jobs by queue and state, the same in every process that tells it.',
  labelNames: ['queue', 'state'] as const,
  registers,
});
const nextAge = new Gauge({
  name: 'vitrine_queue_next_age_seconds',
  help: 'How long the job that is next has waited; 0 if there is none.',
  labelNames: ['queue'] as const,
  registers,
});
const undelivered = new Gauge({
  name: 'vitrine_outbox_events',
  help: 'Events whose jobs are not in the queues yet.',
  registers,
});
const lag = new Gauge({
  name: 'vitrine_outbox_lag_seconds',
  help: 'Age of the oldest of these; 0 if there is none.',
  registers,
});
const stored = new Gauge({
  name: 'vitrine_storage_bytes',
  help: 'Bytes that are charged to accounts, counted every five minutes.',
  registers,
});

/** What waits, in the whole installation. Asked when it is scraped. */
@Injectable()
export class Backlog {
  private readonly logger = new Logger('Metrics');
  private summedAt = -Infinity;

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
  ) {}

  /** If database or queue are away, the last numbers stay: what the process counted itself is told all the same. */
  async measure(): Promise<void> {
    try {
      await this.measureAll();
    } catch (error) {
      this.logger.warn({ err: error }, 'could not be measured');
    }
  }

  private async measureAll(): Promise<void> {
    await Promise.all([
      ...queueNames.map((name) => this.measureQueue(name)),
      this.measureOutbox(),
      this.measureBytes(),
    ]);
  }

  private async measureQueue(queue: QueueName): Promise<void> {
    const [counts, next] = await Promise.all([
      this.jobs.queue(queue).getJobCounts(...states),
      this.jobs.queue(queue).getJobs(['waiting', 'prioritized'], 0, 0, true),
    ]);
    for (const state of states) queued.set({ queue, state }, counts[state] ?? 0);
    const since = Math.min(Date.now(), ...next.map(({ timestamp }) => timestamp));
    nextAge.set({ queue }, (Date.now() - since) / 1_000);
  }

  private async measureOutbox(): Promise<void> {
    const [row] = await sql<{ count: number; seconds: number }>`
      select count(*)::int as count, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as seconds
      from outbox_events where dispatched_at is null`.all(this.em.fork());
    undelivered.set(row!.count);
    lag.set(row!.seconds);
  }

  private async measureBytes(): Promise<void> {
    if (performance.now() - this.summedAt < sumEveryMs) return;
    this.summedAt = performance.now();
    const [row] = await sql<{ bytes: number }>`
      select coalesce(sum(storage_bytes), 0)::float8 as bytes from users`.all(this.em.fork());
    stored.set(row!.bytes);
  }
}

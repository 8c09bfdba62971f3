import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';
import type { QueueName } from './definition.js';
import { jobs, type JobName, type PayloadOf } from './jobs.js';

const day = 24 * 3_600;
/** On PostgreSQL, BullMQ's bulk function takes as much CPU (8 ms) as this many single calls. */
const worthBulk = 8;

const optionsOf = (name: JobName, id: string) => {
  const { attempts, backoff } = jobs[name];
  return {
    jobId: id,
    attempts,
    backoff,
    removeOnComplete: { age: day, count: 10_000 },
    removeOnFail: { age: 7 * day, count: 10_000 },
  };
};

export interface Added<N extends JobName> {
  name: N;
  payload: PayloadOf<N>;
  id: string;
}

/** Adds jobs to their queues. Only workers do: a request records an event, whose jobs are added after its commit. */
@Injectable()
export class Jobs {
  constructor(private readonly modules: ModuleRef) {}

  /**
   * @param id the queue ignores a second job of the same id for as long as it remembers the first (a day)
   * @param priority 0 first, 2,097,152 last
   */
  async add<N extends JobName>(
    name: N,
    payload: PayloadOf<N>,
    { id, priority }: { id: string; priority?: number },
  ): Promise<void> {
    await this.queue(jobs[name].queue).add(name, payload, {
      ...optionsOf(name, id),
      ...(priority !== undefined && { priority }),
    });
  }

  /** Adds many jobs, with one round trip per queue. */
  async addAll<N extends JobName>(added: readonly Added<N>[]): Promise<void> {
    const byQueue = Map.groupBy(added, ({ name }) => jobs[name].queue);
    for (const [queue, ofQueue] of byQueue) {
      if (ofQueue.length < worthBulk) {
        for (const { name, payload, id } of ofQueue) await this.add(name, payload, { id });
        continue;
      }
      await this.queue(queue).addBulk(
        ofQueue.map(({ name, payload, id }) => ({ name, data: payload, opts: optionsOf(name, id) })),
      );
    }
  }

  /** Whether the queue will still run the job. */
  async isPending(name: JobName, id: string): Promise<boolean> {
    const job = await this.queue(jobs[name].queue).getJob(id);
    if (!job) return false;
    const state = await job.getState();
    return state !== 'completed' && state !== 'failed' && state !== 'unknown';
  }

  queue(name: QueueName): Queue {
    return this.modules.get<Queue>(getQueueToken(name), { strict: false });
  }
}

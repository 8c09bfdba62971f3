import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { jobs, type JobName, type PayloadOf, type QueueName } from './jobs.js';

const day = 24 * 3_600;

/** Puts jobs into their queues. Only workers do: a request records an event, and a job follows from its commit. */
@Injectable()
export class Jobs {
  constructor(private readonly modules: ModuleRef) {}

  /**
   * @param id the same id twice is the same job, for as long as the queue remembers it (a day)
   * @param priority 0 first, 2,097,152 last
   */
  async add<N extends JobName>(
    name: N,
    payload: PayloadOf<N>,
    { id, priority }: { id: string; priority?: number },
  ): Promise<void> {
    const { queue, attempts, backoff } = jobs[name];
    await this.queue(queue).add(name, payload, {
      jobId: id,
      attempts,
      backoff,
      ...(priority !== undefined && { priority }),
      removeOnComplete: { age: day, count: 10_000 },
      removeOnFail: { age: 7 * day, count: 10_000 },
    });
  }

  /** Whether the queue still means to run the job. */
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

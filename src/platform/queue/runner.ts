import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/core';
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobSeconds } from '../observability/metrics.js';
import { Operation } from '../operation.js';
import { Handlers } from './handlers.js';
import { jobs, type JobName } from './jobs.js';

/** Why a job's signal aborted. */
export class JobTimedOut extends Error {}
export class ShuttingDown extends Error {}
/** Thrown by a handler when a retry can't help. */
export class PermanentFailure extends UnrecoverableError {}

/** Time for running jobs to finish by themselves at shutdown. */
const graceMs = 8_000;
/** Time for a handler to clean up after its signal aborted, before the job is given up. */
const cleanupMs = 15_000;

/** Runs one job: validated payload, fresh entity manager, a signal that stops it. */
@Injectable()
export class Runner implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly running = new Map<AbortController, Promise<void>>();
  /** Once true, jobs that still arrive from the queue are returned to it. */
  private isStopped = false;

  constructor(
    private readonly handlers: Handlers,
    private readonly orm: MikroORM,
  ) {}

  async run(job: Job, token: string): Promise<void> {
    if (this.isStopped) await this.giveBack(job, token);
    const name = job.name as JobName;
    const definition = jobs[name];
    if (!definition) throw new UnrecoverableError(`Unknown job ${job.name}`);
    const payload = definition.payload.safeParse(job.data);
    if (!payload.success) throw new UnrecoverableError(`Invalid payload for ${name}: ${payload.error.message}`);

    const stop = new AbortController();
    const timer = setTimeout(
      () => stop.abort(new JobTimedOut(`${name} took longer than ${definition.timeout} ms`)),
      definition.timeout,
    );
    const context = {
      jobId: job.id!,
      signal: stop.signal,
      isLastAttempt: job.attemptsMade + 1 >= definition.attempts,
    };
    const handle = this.handlers.of(name);
    const work = Operation.run(this.orm, { job: name, jobId: job.id }, () => handle(payload.data as never, context));
    this.running.set(stop, work);
    const end = jobSeconds.startTimer({ job: name });
    let outcome = 'failed';
    try {
      await Promise.race([work, abandoned(stop.signal)]);
      outcome = 'done';
      this.logger.debug({ job: name, id: job.id }, 'job done');
    } catch (error) {
      if (stop.signal.reason instanceof ShuttingDown) {
        outcome = 'returned';
        await this.giveBack(job, token);
      }
      this.logger.warn({ job: name, id: job.id, attempt: job.attemptsMade + 1, err: error }, 'job failed');
      throw error;
    } finally {
      end({ outcome });
      clearTimeout(timer);
      this.running.delete(stop);
    }
  }

  /** Short jobs finish; long ones are aborted and returned to the queue, without counting as an attempt. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.race([Promise.allSettled(this.running.values()), sleep(graceMs, undefined, { ref: false })]);
    this.isStopped = true;
    for (const stop of this.running.keys()) stop.abort(new ShuttingDown('the worker is stopping'));
    await Promise.allSettled(this.running.values());
  }

  private async giveBack(job: Job, token: string): Promise<never> {
    await job.moveToDelayed(Date.now(), token);
    throw new DelayedError();
  }
}

/** Rejects some time after the signal aborts: a handler that ignores it must not block its slot in the queue. */
function abandoned(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => setTimeout(() => reject(signal.reason as Error), cleanupMs).unref(), {
      once: true,
    });
  });
}

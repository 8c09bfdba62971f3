import type { z } from 'zod';

export const seconds = (n: number) => n * 1_000;
export const minutes = (n: number) => seconds(60 * n);
export const hours = (n: number) => minutes(60 * n);

/**
 * `express` is the lane beside `video`: the first clip of somebody who has none in the works does not wait for another's
 * long one, and its encoder gets the CPU first. `fanout` is the one beside `social`: work over everybody who follows
 * somebody, page by page, which is not to hold up what is told to one. Whoever serves the one serves the other (worker.ts).
 */
export const queueNames = ['image', 'video', 'express', 'audio', 'social', 'fanout', 'mail', 'maintenance'] as const;
export type QueueName = (typeof queueNames)[number];

/** How a job is run. */
export interface Terms {
  queue: QueueName;
  /** Tries until the job counts as failed. */
  attempts: number;
  backoff: { type: 'exponential'; delay: number };
  /** Wall clock, ms. When it is over the job's signal aborts and its child processes are killed. */
  timeout: number;
}

export interface Job<P extends z.ZodType> extends Terms {
  payload: P;
  /** Runs by itself, so often, ms; one effect however many workers there are. */
  every?: number;
}
export const job = <P extends z.ZodType>(definition: Job<P>) => definition;

/** @param delay before the second try, ms; twice that before the third, and so on */
export const exponential = (delay: number) => ({ type: 'exponential', delay }) as const;

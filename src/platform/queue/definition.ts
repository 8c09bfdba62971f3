import type { z } from 'zod';

export const seconds = (n: number) => n * 1_000;
export const minutes = (n: number) => seconds(60 * n);
export const hours = (n: number) => minutes(60 * n);

/**
 * `express` runs beside `video`: a user's first clip does not wait behind another's long one, and its encoder gets CPU
 * priority. `fanout` runs beside `social`: paged work for all followers of somebody, which must not delay single
 * notifications. `push` runs beside `mail`: codes do not wait for browsers, or for the services that reach them. Whoever
 * serves one serves the other (worker.ts).
 */
export const queueNames = [
  'image',
  'video',
  'express',
  'audio',
  'social',
  'fanout',
  'mail',
  'push',
  'maintenance',
] as const;
export type QueueName = (typeof queueNames)[number];

/** How a job is run. */
export interface Terms {
  queue: QueueName;
  /** Attempts until the job counts as failed. */
  attempts: number;
  backoff: { type: 'exponential'; delay: number };
  /** Wall clock, ms. After it the job's signal aborts and its child processes are killed. */
  timeout: number;
}

export interface Job<P extends z.ZodType> extends Terms {
  payload: P;
  /** Repeats at this interval, ms, once however many workers there are. */
  every?: number;
}
export const job = <P extends z.ZodType>(definition: Job<P>) => definition;

/** @param delay before the second attempt, ms; doubled before each further one */
export const exponential = (delay: number) => ({ type: 'exponential', delay }) as const;

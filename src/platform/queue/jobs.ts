import { z } from 'zod';

const seconds = (n: number) => n * 1_000;
const minutes = (n: number) => seconds(60 * n);
const hours = (n: number) => minutes(60 * n);

/**
 * `express` is the lane beside `video`: the first clip of somebody who has none in the works does not wait for another's
 * long one, and its encoder gets the CPU first. Whoever serves one serves the other (worker.ts).
 */
export const queueNames = ['image', 'video', 'express', 'audio', 'social', 'mail', 'maintenance'] as const;
export type QueueName = (typeof queueNames)[number];

interface Job<P extends z.ZodType> {
  queue: QueueName;
  payload: P;
  /** Tries until the job counts as failed. */
  attempts: number;
  backoff: { type: 'exponential'; delay: number };
  /** Wall clock. When it is over the job's signal aborts and its child processes are killed. */
  timeout: number;
  /** Runs by itself, so often; one effect however many workers there are. */
  every?: number;
}
const job = <P extends z.ZodType>(definition: Job<P>) => definition;
const exponential = (delay: number) => ({ type: 'exponential', delay }) as const;

const file = z.strictObject({ fileId: z.uuid() });
const event = z.strictObject({ eventId: z.uuid(), subscriber: z.string() });
const nothing = z.strictObject({});

/** BullMQ runs jobs without a priority before all that have one. This is behind the first file of everybody. */
export const behindFirst = 2;

/** All work outside a request, on one page. A process refuses to boot when one has no handler, or two. */
export const jobs = {
  'photo.derive': job({
    queue: 'image',
    payload: file,
    attempts: 3,
    backoff: exponential(seconds(2)),
    timeout: minutes(2),
  }),
  'photo.squares': job({
    queue: 'image',
    payload: z.strictObject({ wishId: z.uuid() }),
    attempts: 5,
    backoff: exponential(seconds(2)),
    timeout: minutes(2),
  }),
  'video.ladder': job({
    queue: 'video',
    payload: file,
    attempts: 3,
    backoff: exponential(seconds(15)),
    timeout: hours(8),
  }),
  'video.express': job({
    queue: 'express',
    payload: file,
    attempts: 3,
    backoff: exponential(seconds(15)),
    timeout: hours(8),
  }),
  'music.derive': job({
    queue: 'audio',
    payload: file,
    attempts: 3,
    backoff: exponential(seconds(5)),
    timeout: minutes(60),
  }),
  'music.embed': job({
    queue: 'audio',
    payload: file,
    attempts: 5,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
  }),
  'event.social': job({
    queue: 'social',
    payload: event,
    attempts: 12,
    backoff: exponential(seconds(1)),
    timeout: minutes(1),
  }),
  'event.mail': job({
    queue: 'mail',
    payload: event,
    attempts: 12,
    backoff: exponential(seconds(2)),
    timeout: minutes(1),
  }),
  'event.maintenance': job({
    queue: 'maintenance',
    payload: event,
    attempts: 12,
    backoff: exponential(seconds(2)),
    timeout: minutes(5),
  }),
  'files.sweep': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(2),
    every: seconds(20),
  }),
  'covers.sweep': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(2),
    every: seconds(20),
  }),
  'wishes.sweep': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(2),
    every: seconds(20),
  }),
  'views.count': job({
    queue: 'social',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(1)),
    timeout: minutes(1),
    every: seconds(5),
  }),
  'digests.sweep': job({
    queue: 'mail',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
    every: seconds(10),
  }),
  'uploads.sweep': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
    every: minutes(1),
  }),
  'files.expire': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
    every: minutes(10),
  }),
  'accounts.sweep': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
    every: minutes(5),
  }),
  'states.sweep': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
    every: seconds(20),
  }),
  'tags.sweep': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
    every: hours(1),
  }),
  'rows.expire': job({
    queue: 'maintenance',
    payload: nothing,
    attempts: 1,
    backoff: exponential(seconds(5)),
    timeout: minutes(10),
    every: hours(1),
  }),
} as const;

export type JobName = keyof typeof jobs;
export type PayloadOf<N extends JobName> = z.infer<(typeof jobs)[N]['payload']>;

import { z } from 'zod';
import { deliveries } from '../events/deliveries.js';
import { exponential, hours, job, minutes, seconds, type QueueName } from './definition.js';

const file = z.strictObject({ fileId: z.uuid() });

/** BullMQ runs jobs without a priority before all that have one. This one is behind everybody's first file. */
export const behindFirst = 2;

/** Periodic job that looks for work in the rows; failures are left to the next run. */
const sweep = (queue: QueueName, every: number, timeout = minutes(10)) =>
  job({ queue, payload: z.strictObject({}), attempts: 1, backoff: exponential(seconds(5)), timeout, every });

/** Jobs with their own handler (@OnJob). A process refuses to boot when one has none, or two. */
export const work = {
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
  'unfinished.sweep': sweep('maintenance', seconds(20), minutes(2)),
  'views.count': sweep('social', seconds(5), minutes(1)),
  'owners.count': sweep('social', seconds(5), minutes(1)),
  'chats.tell': sweep('social', seconds(2), minutes(1)),
  'pushes.sweep': sweep('social', seconds(2), minutes(1)),
  'digests.sweep': sweep('mail', seconds(10)),
  'uploads.sweep': sweep('maintenance', minutes(1)),
  'feeds.sweep': sweep('maintenance', minutes(10)),
  'files.expire': sweep('maintenance', minutes(10)),
  'accounts.sweep': sweep('maintenance', minutes(5)),
  'states.sweep': sweep('maintenance', seconds(20)),
  'tags.sweep': sweep('maintenance', minutes(5)),
  'rows.expire': sweep('maintenance', hours(1)),
} as const;

/** All work outside requests: the jobs above, and those of events (events/subscriptions.ts). */
export const jobs = { ...work, ...deliveries };

export type WorkName = keyof typeof work;
export type JobName = keyof typeof jobs;
export type PayloadOf<N extends JobName> = z.infer<(typeof jobs)[N]['payload']>;

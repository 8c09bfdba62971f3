import { SetMetadata } from '@nestjs/common';
import type { QueueName } from '../queue/jobs.js';
import type { JobContext } from '../queue/on-job.js';
import type { EventName, EventOf } from './events.js';

export const ON_EVENT = Symbol('on-event');
export interface Subscription {
  event: EventName;
  /** Unique in the whole application, and stable: it is part of the job's id. */
  subscriber: string;
  queue: Extract<QueueName, 'social' | 'mail' | 'maintenance'>;
}

/**
 * Subscribes a method to a committed event. Each (event, subscriber) is one BullMQ job with the id
 * `<event id>-<subscriber>`: retried until it succeeds, delivered at least once, so the method must change nothing
 * the second time.
 */
export const OnEvent =
  <N extends EventName>(event: N, subscriber: string, queue: Subscription['queue'] = 'social') =>
  <H extends (payload: EventOf<N>, context: JobContext) => Promise<void>>(
    target: object,
    key: string | symbol,
    method: TypedPropertyDescriptor<H>,
  ) =>
    SetMetadata(ON_EVENT, { event, subscriber, queue } satisfies Subscription)(target, key, method);

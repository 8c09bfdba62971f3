import { SetMetadata } from '@nestjs/common';
import type { JobContext } from '../queue/on-job.js';
import type { EventOf } from './events.js';
import type { EventFor, Mode, Subscriber, subscriptions } from './subscriptions.js';

export const ON_EVENT = Symbol('on-event');

type Handlers<Event> = {
  each: (event: Event, context: JobContext) => Promise<void>;
  together: (events: Event[], context: JobContext) => Promise<void>;
  /** Called without a cursor for the first page; a returned cursor is passed to the next call, undefined ends it. */
  paged: (event: Event, cursor: string | undefined, context: JobContext) => Promise<string | undefined>;
};
export type EventHandler<S extends Subscriber> = Handlers<EventOf<EventFor<S>>>[(typeof subscriptions)[S]['mode'] &
  Mode];

/**
 * Makes a method THE subscriber of that line in subscriptions.ts. It is called at least once for each committed event,
 * so it must be idempotent; and late, so it must look at the current rows.
 */
export const OnEvent =
  <S extends Subscriber>(subscriber: S) =>
  <H extends EventHandler<S>>(target: object, key: string | symbol, method: TypedPropertyDescriptor<H>) =>
    SetMetadata(ON_EVENT, subscriber)(target, key, method);

import { z } from 'zod';
import type { Job } from '../queue/definition.js';
import { maxTogether, subscriptions, type Subscriber } from './subscriptions.js';

const Delivery = z.strictObject({
  eventIds: z.array(z.uuid()).min(1).max(maxTogether),
  /** Of a paged subscriber: what it returned for the previous page. */
  cursor: z.string().max(200).optional(),
});
export type Delivery = z.infer<typeof Delivery>;

/** The jobs by which events reach their subscribers. */
export const deliveries = Object.fromEntries(
  Object.entries(subscriptions).map(([name, { event: _event, mode: _mode, ...terms }]) => [
    name,
    { ...terms, payload: Delivery },
  ]),
) as Record<Subscriber, Job<typeof Delivery>>;

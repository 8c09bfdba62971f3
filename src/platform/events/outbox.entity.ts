import { defineEntity, p } from '@mikro-orm/core';
import type { EventName } from './events.js';

const OutboxEventSchema = defineEntity({
  name: 'OutboxEvent',
  tableName: 'outbox_events',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    name: p.string().length(64).$type<EventName>(),
    payload: p.json<Record<string, unknown>>(),
    createdAt: p.datetime().defaultRaw('now()'),
    /** When its jobs were added. Rows are kept for a week, for investigations. */
    dispatchedAt: p.datetime().nullable(),
    /** Ids of the jobs that have not handled it yet. */
    waiting: p.array().$type<string[]>().default([]),
    /** How often it got a new job because the queue lost one. */
    rescues: p.smallint().default(0),
  },
});
export class OutboxEvent extends OutboxEventSchema.class {}
OutboxEventSchema.setClass(OutboxEvent);
export { OutboxEventSchema };

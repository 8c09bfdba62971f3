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
    /** When its jobs were made. Kept for a week, for those who look into what happened. */
    dispatchedAt: p.datetime().nullable(),
  },
});
export class OutboxEvent extends OutboxEventSchema.class {}
OutboxEventSchema.setClass(OutboxEvent);
export { OutboxEventSchema };

import { defineEntity, p } from '@mikro-orm/core';
import { ApiKey } from '../auth/api-key.entity.js';
import { Session } from '../auth/session.entity.js';
import { User } from '../users/user.entity.js';

/** Where a browser takes pushes (RFC 8030), until the session or key ends that it was registered by. */
const PushSubscriptionSchema = defineEntity({
  name: 'PushSubscription',
  tableName: 'push_subscriptions',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    session: () => p.manyToOne(Session).nullable().deleteRule('cascade'),
    apiKey: () => p.manyToOne(ApiKey).nullable().deleteRule('cascade'),
    endpoint: p.string().length(1000),
    /** Keys of the browser, base64url (RFC 8291). */
    p256dh: p.string().length(100),
    auth: p.string().length(40),
    /** In a row. */
    failures: p.smallint().default(0),
    /** Until when nothing new is pushed to it. */
    pausedUntil: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class PushSubscription extends PushSubscriptionSchema.class {}
PushSubscriptionSchema.setClass(PushSubscription);

export { PushSubscriptionSchema };

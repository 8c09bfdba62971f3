import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** One signed-in device, and the family of its refresh tokens: only the newest is good, an older one ends the session. */
const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    /** SHA-256, hex, of the newest refresh token. */
    refreshHash: p.string().length(64),
    device: p.string().length(200),
    address: p.string().length(45),
    lastUsedAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime(),
    endedAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Session extends SessionSchema.class {}
SessionSchema.setClass(Session);
export { SessionSchema };

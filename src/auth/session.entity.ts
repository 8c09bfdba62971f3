import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** One sign-in. Refresh tokens rotate: the newest is good, and any other secret with this session's id ends it. */
const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    /** SHA-256, hex, of the newest refresh token. */
    refreshHash: p.string().length(64),
    /** The user agent. */
    device: p.string().length(200),
    /** Of the network, as of the last refresh. */
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

import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/**
 * One sign-in. Refresh tokens rotate: the newest is valid, and any other one with this session's id ends the session.
 */
const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    /** SHA-256, hex, of the newest refresh token. */
    refreshHash: p.string().length(64),
    /** The User-Agent. */
    device: p.string().length(200),
    /** Network address at the last refresh. */
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

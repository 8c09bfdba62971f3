import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/**
 * A link mailed for one request to reset a password. Other requests, and other people's wrong codes, do not affect it.
 */
const PasswordResetLinkSchema = defineEntity({
  name: 'PasswordResetLink',
  tableName: 'password_reset_links',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade').index(),
    /** SHA-256, hex, of the link's token. */
    tokenHash: p.string().length(64).unique(),
    expiresAt: p.datetime().index(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class PasswordResetLink extends PasswordResetLinkSchema.class {}
PasswordResetLinkSchema.setClass(PasswordResetLink);
export { PasswordResetLinkSchema };

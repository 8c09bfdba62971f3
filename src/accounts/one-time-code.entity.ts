import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

export const codePurposes = ['verify_email', 'reset_password', 'change_email'] as const;
export type CodePurpose = (typeof codePurposes)[number];

/**
 * A requested code. The job that mails it generates it, so that the database never holds a clear code: `hash` is null
 * until then. A new request replaces the row, and with it the old code.
 */
const OneTimeCodeSchema = defineEntity({
  name: 'OneTimeCode',
  tableName: 'one_time_codes',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    /** The user's id, or SHA-256, hex, of an address, whether it has an account or not. */
    subject: p.string().length(64),
    /** Null for an address without an account: nothing is mailed, but tries are counted alike. */
    user: () => p.manyToOne(User).deleteRule('cascade').nullable(),
    purpose: p.enum(codePurposes),
    /** HMAC-SHA-256, hex: an unkeyed hash of six digits would be reversed at once. */
    hash: p.string().length(64).nullable(),
    sentAt: p.datetime().nullable(),
    expiresAt: p.datetime(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
  uniques: [{ properties: ['subject', 'purpose'] }],
});
export class OneTimeCode extends OneTimeCodeSchema.class {}
OneTimeCodeSchema.setClass(OneTimeCode);
export { OneTimeCodeSchema };

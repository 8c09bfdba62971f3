import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

export const codePurposes = ['verify_email', 'reset_password', 'change_email'] as const;
export type CodePurpose = (typeof codePurposes)[number];

/**
 * A code somebody asked for. It is made by the job that mails it, so that no clear code ever lies in the database:
 * `hash` is null until then. A new request replaces the row, and with it the old code.
 */
const OneTimeCodeSchema = defineEntity({
  name: 'OneTimeCode',
  tableName: 'one_time_codes',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    /** The user's id, or SHA-256, hex, of an address whether it has an account or not. */
    subject: p.string().length(64),
    /** Null where somebody asked with an address that no account has: nothing is mailed, and the tries are the same. */
    user: () => p.manyToOne(User).deleteRule('cascade').nullable(),
    purpose: p.enum(codePurposes),
    /** HMAC-SHA-256, hex, keyed: six digits would be found in a plain hash at once. */
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

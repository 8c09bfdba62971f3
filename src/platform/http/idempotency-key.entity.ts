import { defineEntity, p } from '@mikro-orm/core';

/**
 * The answer to a create under an Idempotency-Key, kept for 24 hours. The user is not a relation: the platform knows no
 * feature. Rows of deleted users expire like the others.
 */
const IdempotencyKeySchema = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  properties: {
    userId: p.uuid().primary(),
    key: p.string().length(255).primary(),
    /** SHA-256, hex, of method, path and body. */
    requestHash: p.string().length(64),
    /** Null while the first request runs. */
    status: p.smallint().nullable(),
    body: p.json<unknown>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class IdempotencyKey extends IdempotencyKeySchema.class {}
IdempotencyKeySchema.setClass(IdempotencyKey);
export { IdempotencyKeySchema };

import { defineEntity, p } from '@mikro-orm/core';
import type { Scope } from '../platform/http/viewer.js';
import { User } from '../users/user.entity.js';

const ApiKeySchema = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    name: p.string().length(60),
    /** The key created with the account; one per user, by a partial unique index. */
    isDefault: p.boolean().default(false),
    /** The first characters of the key, for its owner to recognise it. */
    prefix: p.string().length(12),
    /** SHA-256, hex: the key has 256 random bits, so no slow hash is needed. */
    hash: p.string().length(64).unique(),
    scopes: p.array<Scope>(),
    expiresAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class ApiKey extends ApiKeySchema.class {}
ApiKeySchema.setClass(ApiKey);
export { ApiKeySchema };

import { defineEntity, p } from '@mikro-orm/core';
import type { AvatarFormat, AvatarType } from '../processing/image/avatar.js';

/** One stored square: `avatars/…/<version>/<size>.<format>`. */
export interface StoredSquare {
  /** The size it is for, px. */
  size: number;
  format: AvatarFormat;
  bytes: number;
}

/** Shown for every hash that has no avatar of its own. No hash: no address and no token can name it. */
export const defaultAvatar = 'default';

/** A picture that an integrator uploaded for a hash. The version changes with each upload. */
const AvatarSchema = defineEntity({
  name: 'Avatar',
  tableName: 'avatars',
  properties: {
    hash: p.text().primary(),
    version: p.uuid(),
    type: p.text().$type<AvatarType>(),
    squares: p.json().$type<StoredSquare[]>(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
  checks: [{ name: 'avatars_hash_check', expression: "hash ~ '^[0-9a-f]{40}$' or hash = 'default'" }],
});
export class Avatar extends AvatarSchema.class {}
AvatarSchema.setClass(Avatar);
export { AvatarSchema };

import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** Hides the two users from each other everywhere. */
const BlockSchema = defineEntity({
  name: 'Block',
  tableName: 'blocks',
  properties: {
    blocker: () => p.manyToOne(User).primary().deleteRule('cascade'),
    blocked: () => p.manyToOne(User).primary().deleteRule('cascade'),
    id: p.uuid().defaultRaw('uuidv7()'),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Block extends BlockSchema.class {}
BlockSchema.setClass(Block);

/** Hides the muted user from the muter's lists and notifications; the muted user does not notice. */
const MuteSchema = defineEntity({
  name: 'Mute',
  tableName: 'mutes',
  properties: {
    muter: () => p.manyToOne(User).primary().deleteRule('cascade'),
    muted: () => p.manyToOne(User).primary().deleteRule('cascade'),
    id: p.uuid().defaultRaw('uuidv7()'),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Mute extends MuteSchema.class {}
MuteSchema.setClass(Mute);

export { BlockSchema, MuteSchema };

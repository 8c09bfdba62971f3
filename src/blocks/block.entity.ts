import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** Neither of the two meets the other anywhere. */
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

/** The muter does not meet the other one in lists, and hears nothing of them; the other one notices nothing. */
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

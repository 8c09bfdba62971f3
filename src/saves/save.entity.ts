import { defineEntity, p } from '@mikro-orm/core';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** A bookmark that only its user sees. */
const SaveSchema = defineEntity({
  name: 'Save',
  tableName: 'saves',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    id: p.uuid().defaultRaw('uuidv7()'),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Save extends SaveSchema.class {}
SaveSchema.setClass(Save);

export { SaveSchema };

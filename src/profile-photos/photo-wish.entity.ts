import { defineEntity, p } from '@mikro-orm/core';
import { File } from '../files/file.entity.js';
import { User } from '../users/user.entity.js';
import { places } from '../users/users.schemas.js';

/** A photo that a profile will show once its squares are made. The id changes with every choice. */
const PhotoWishSchema = defineEntity({
  name: 'PhotoWish',
  tableName: 'photo_wishes',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    place: p.enum(places),
    file: () => p.manyToOne(File),
    createdAt: p.datetime().defaultRaw('now()'),
  },
  uniques: [{ properties: ['user', 'place'] }],
});
export class PhotoWish extends PhotoWishSchema.class {}
PhotoWishSchema.setClass(PhotoWish);
export { PhotoWishSchema };

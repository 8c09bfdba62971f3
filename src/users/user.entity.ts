import { defineEntity, p } from '@mikro-orm/core';
import { roles } from '../platform/http/viewer.js';

export interface Link {
  title: string;
  url: string;
}

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    /** As the owner writes it; unique without regard to case, by an index on lower(username). */
    username: p.string().length(30),
    email: p.string().length(254),
    emailVerifiedAt: p.datetime().nullable(),
    /** The address that a mailed code will make the one above. */
    pendingEmail: p.string().length(254).nullable(),
    /** The name before, kept for its owner for a while, so that nobody else speaks under it the next day. */
    formerUsername: p.string().length(30).nullable(),
    renamedAt: p.datetime().nullable(),
    passwordHash: p.text(),
    role: p.enum(roles).default('user'),
    disabledAt: p.datetime().nullable(),
    /** What its rows say, which a job makes follow the line above. */
    isCounted: p.boolean().default(true),
    /** When its owner deleted it; the row goes when everything else is gone and the last mail is sent. */
    deletedAt: p.datetime().nullable(),
    erasedAt: p.datetime().nullable(),
    displayName: p.string().length(60),
    bio: p.string().length(500).default(''),
    color: p.string().length(7).nullable(),
    pronouns: p.string().length(40).nullable(),
    links: p.json<Link[]>().defaultRaw(`'[]'`),
    locale: p.string().length(35).default('en'),
    birthday: p.date().nullable(),
    isPrivate: p.boolean().default(false),
    /** Of files of this user, whose squares are there. What was chosen and is being made is a PhotoWish. */
    profilePhotoId: p.uuid().nullable(),
    channelPhotoId: p.uuid().nullable(),
    /** Bytes of all files that are stored for this user, moved in the transaction that stores or deletes one. */
    storageBytes: p.bigint('number').default(0),
    followersCount: p.integer().default(0),
    followingsCount: p.integer().default(0),
    photosCount: p.integer().default(0),
    videosCount: p.integer().default(0),
    musicsCount: p.integer().default(0),
    viewsCount: p.integer().default(0),
    likesReceivedCount: p.integer().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});
export class User extends UserSchema.class {}
UserSchema.setClass(User);
export { UserSchema };

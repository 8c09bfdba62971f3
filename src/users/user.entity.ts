import { defineEntity, p } from '@mikro-orm/core';
import { roles } from '../platform/http/viewer.js';

/** `mutual`: those who follow each other. */
export const presenceAudiences = ['everyone', 'followers', 'mutual', 'nobody'] as const;

export interface Link {
  title: string;
  url: string;
}

export const messageSenders = ['everyone', 'followed', 'nobody'] as const;

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    /** As the owner writes it; unique regardless of case, by an index on lower(username). */
    username: p.string().length(30),
    email: p.string().length(254),
    emailVerifiedAt: p.datetime().nullable(),
    /** Replaces the address above once the code mailed to it is confirmed. */
    pendingEmail: p.string().length(254).nullable(),
    /** The previous name, reserved for its owner for a while, so that nobody can impersonate them. */
    formerUsername: p.string().length(30).nullable(),
    renamedAt: p.datetime().nullable(),
    passwordHash: p.text(),
    role: p.enum(roles).default('user'),
    disabledAt: p.datetime().nullable(),
    /** The state that its rows have, which a job updates after a change of disabledAt. */
    isCounted: p.boolean().default(true),
    /** The same of whether the account is open, active and not private; null while a job updates the rows. */
    isOpen: p.boolean().nullable().default(true),
    /** When isPrivate changed; set by a trigger. */
    privacyChangedAt: p.datetime().nullable(),
    /** When its owner deleted it; the row is deleted last, after everything else is gone and the last mail was sent. */
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
    /** Who may write to them. */
    allowMessages: p.enum(messageSenders).default('everyone'),
    /** False: others do not see what they read, nor they what others read. */
    readReceipts: p.boolean().default(true),
    /** Pushes show what a message says. */
    pushText: p.boolean().default(false),
    /** Who sees whether they are online. */
    showPresence: p.enum(presenceAudiences).default('mutual'),
    /** Photos of this user whose squares are ready. A chosen photo that is still being processed is a PhotoWish. */
    profilePhotoId: p.uuid().nullable(),
    channelPhotoId: p.uuid().nullable(),
    /** Bytes of all files stored for this user, updated in the transaction that stores or deletes one. */
    storageBytes: p.bigint('number').default(0),
    /** Bytes made of them. Only a trigger changes it. */
    derivedBytes: p.bigint('number').default(0),
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

import { defineEntity, p } from '@mikro-orm/core';
import { Comment } from '../comments/comment.entity.js';
import { File } from '../files/file.entity.js';
import { Media } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

/** One notification in a user's list. */
const NotificationSchema = defineEntity({
  name: 'Notification',
  tableName: 'notifications',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    /** One of kinds.ts. */
    kind: p.text(),
    day: p.date().defaultRaw(`(now() at time zone 'UTC')::date`),
    inApp: p.boolean(),
    media: () => p.manyToOne(Media).nullable().deleteRule('cascade'),
    comment: () => p.manyToOne(Comment).nullable().deleteRule('cascade'),
    file: () => p.manyToOne(File).nullable().deleteRule('cascade'),
    asker: () => p.manyToOne(User).nullable().deleteRule('cascade'),
    actorsCount: p.integer().default(0),
    /** Place in the user's list, the highest first: that of its latest entry. */
    position: p.bigint('number').default(0),
    readAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Notification extends NotificationSchema.class {}
NotificationSchema.setClass(Notification);

/** Who did it. */
const NotificationEntrySchema = defineEntity({
  name: 'NotificationEntry',
  tableName: 'notification_entries',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    notification: () => p.manyToOne(Notification).deleteRule('cascade'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    actor: () => p.manyToOne(User).nullable().deleteRule('cascade'),
    act: p.text(),
    subjectId: p.uuid(),
    emoji: p.string().length(64).nullable(),
    mail: p.boolean(),
    mailedAt: p.datetime().nullable(),
    /** Failed attempts to mail it, and when the next one is due. */
    mailTries: p.smallint().default(0),
    mailAfter: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class NotificationEntry extends NotificationEntrySchema.class {}
NotificationEntrySchema.setClass(NotificationEntry);

/** The last position used in each user's list. */
const NotificationPositionSchema = defineEntity({
  name: 'NotificationPosition',
  tableName: 'notification_positions',
  properties: {
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    last: p.bigint('number'),
  },
});
export class NotificationPosition extends NotificationPositionSchema.class {}
NotificationPositionSchema.setClass(NotificationPosition);

/** Mailed, then undone: not mailed again within a week. */
const MailedActSchema = defineEntity({
  name: 'MailedAct',
  tableName: 'mailed_acts',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    userId: p.uuid(),
    actorId: p.uuid().nullable(),
    act: p.text(),
    subjectId: p.uuid(),
    mailedAt: p.datetime(),
  },
});
export class MailedAct extends MailedActSchema.class {}
MailedActSchema.setClass(MailedAct);

/** When a group of notifications is pushed next, and was last. */
const NotificationPushSchema = defineEntity({
  name: 'NotificationPush',
  tableName: 'notification_pushes',
  properties: {
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    /** Of the group; the push service has it, too. */
    topic: p.string().length(32).primary(),
    notificationId: p.uuid(),
    actor: () => p.manyToOne(User).nullable().deleteRule('cascade'),
    since: p.datetime().defaultRaw('now()'),
    dueAt: p.datetime().nullable(),
    pushedAt: p.datetime().nullable(),
  },
});
export class NotificationPush extends NotificationPushSchema.class {}
NotificationPushSchema.setClass(NotificationPush);

/** Of a notification to a reader who did not follow whoever caused it. */
const StrangerPushSchema = defineEntity({
  name: 'StrangerPush',
  tableName: 'stranger_pushes',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    actorId: p.uuid(),
    pushedAt: p.datetime().defaultRaw('now()'),
  },
});
export class StrangerPush extends StrangerPushSchema.class {}
StrangerPushSchema.setClass(StrangerPush);

const NotificationPreferenceSchema = defineEntity({
  name: 'NotificationPreference',
  tableName: 'notification_preferences',
  properties: {
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    kind: p.text().primary(),
    inApp: p.boolean(),
    email: p.boolean(),
    push: p.boolean(),
  },
});
export class NotificationPreference extends NotificationPreferenceSchema.class {}
NotificationPreferenceSchema.setClass(NotificationPreference);
export {
  MailedActSchema,
  NotificationEntrySchema,
  NotificationPositionSchema,
  NotificationPreferenceSchema,
  NotificationPushSchema,
  NotificationSchema,
  StrangerPushSchema,
};

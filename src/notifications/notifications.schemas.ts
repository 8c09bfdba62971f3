import { z } from 'zod';
import { ExpiresAt, Failure, Slug } from '../files/files.schemas.js';
import { mediaTypes } from '../media/media.entity.js';
import { page, SinceQuery } from '../platform/http/page.js';
import { Owner } from '../users/users.schemas.js';
import { kindNames, type KindName } from './kinds.js';

const Kind = z.enum(kindNames);

export const NotificationParam = z.strictObject({ id: z.uuid() });
export const NotificationsQuery = SinceQuery.extend({
  filter: z.enum(['all', 'unread']).default('all'),
  kind: Kind.optional().meta({ description: 'Only this kind' }),
});
export type NotificationsQuery = z.infer<typeof NotificationsQuery>;

export const NotificationAnswer = z
  .object({
    id: z.uuid(),
    kind: Kind,
    text: z
      .string()
      .meta({ description: 'Readable text, in your language', example: 'Ada and 40 others liked “Sunset”' }),
    actors: z.array(Owner).meta({ description: 'The latest three; in a feed, twenty' }),
    actorsCount: z.int().min(0),
    emoji: z.string().nullable().meta({ description: 'Of the latest reaction' }),
    media: z
      .object({
        url: Slug,
        type: z.enum(mediaTypes),
        title: z.string(),
        thumb: z.string().nullable().meta({ description: 'A thumbnail, relative to this host' }),
        expiresAt: ExpiresAt,
      })
      .nullable(),
    comment: z.object({ url: Slug, text: z.string().meta({ description: 'The first 200 characters' }) }).nullable(),
    file: z.object({ url: Slug, filename: z.string(), failure: Failure.nullable() }).nullable(),
    read: z.boolean(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime().meta({ description: 'When the latest actor was added' }),
  })
  .meta({ id: 'Notification' });
export type NotificationAnswer = z.infer<typeof NotificationAnswer>;

const unreadCount = z.int().min(0).meta({
  description: 'Of your latest 1,000 unread ones, as many as you can see now; 100 means 100 or more',
});
export const NotificationChanged = z
  .object({
    id: z.uuid(),
    notification: NotificationAnswer.nullable().meta({ description: 'As it is now; null if it is gone' }),
    unreadCount,
  })
  .meta({ id: 'NotificationChanged' });
export const NotificationsRead = z
  .object({ upTo: z.string().meta({ description: 'As in PUT notifications/read' }), unreadCount })
  .meta({ id: 'NotificationsRead' });

export const NotificationPage = page(NotificationAnswer)
  .extend({
    newestCursor: z.string().nullable().meta({
      description:
        'Cursor of the first item, or `since` if there is none. Use it as `since`, and as `upTo` of PUT notifications/read',
    }),
  })
  .meta({ id: 'NotificationPage' });

export const UnreadCount = z.object({ count: unreadCount }).meta({ id: 'UnreadCount' });
export const ReadBody = z
  .strictObject({
    upTo: z
      .string()
      .max(400)
      .meta({ description: '`newestCursor` or `nextCursor` of the list: that item and all older ones' }),
  })
  .meta({ id: 'MarkRead' });

const Channels = z.strictObject({ inApp: z.boolean(), email: z.boolean(), push: z.boolean() });
export type Channels = z.infer<typeof Channels>;
const perKind = <T extends z.ZodType>(schema: T) =>
  Object.fromEntries(kindNames.map((kind) => [kind, schema])) as Record<KindName, T>;
export const Preferences = z
  .object(perKind(Channels))
  .meta({ id: 'NotificationPreferences', description: 'Per kind: the channels it is sent to' });
export type Preferences = z.infer<typeof Preferences>;
export const PreferencesBody = z
  .strictObject(perKind(Channels.partial().optional()))
  .meta({ id: 'ChangeNotificationPreferences' });
export type PreferencesBody = z.infer<typeof PreferencesBody>;

export const UnsubscribeQuery = z.strictObject({ t: z.string().max(200).meta({ description: 'From the mail' }) });

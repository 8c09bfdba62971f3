import { z } from 'zod';
import { FileChanged } from '../files/files.schemas.js';
import { ChatTold, ReceiptTold } from '../messages/chats.schemas.js';
import { DeletionTold, MessageTold, ReactionTold } from '../messages/messages.schemas.js';
import { NotificationChanged, NotificationsRead } from '../notifications/notifications.schemas.js';

const told = { cursor: z.string(), at: z.iso.datetime() };

const LiveEvent = z
  .discriminatedUnion('name', [
    NotificationChanged.extend({ name: z.literal('notification.changed'), ...told }),
    NotificationsRead.extend({ name: z.literal('notifications.read'), ...told }),
    MessageTold.extend({ name: z.literal('message.created'), ...told }),
    MessageTold.extend({ name: z.literal('message.edited'), ...told }),
    MessageTold.extend({ name: z.literal('message.updated'), ...told }),
    ReactionTold.extend({ name: z.literal('message.reaction'), ...told }),
    DeletionTold.extend({ name: z.literal('message.deleted'), ...told }),
    ReceiptTold.extend({ name: z.literal('chat.delivered'), ...told }),
    ReceiptTold.extend({ name: z.literal('chat.read'), ...told }),
    ChatTold.extend({ name: z.literal('chat.changed'), ...told }),
    FileChanged.extend({ name: z.literal('file.changed'), ...told }),
  ])
  .meta({ id: 'LiveEvent', description: 'As a socket sends it, with its name' });

export const EventsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(100).meta({ description: 'Events per page' }),
  cursor: z.string().max(400).optional().meta({ description: '`nextCursor`, or the cursor of the last event' }),
});
export type EventsQuery = z.infer<typeof EventsQuery>;

export const LiveEvents = z
  .object({
    items: z.array(LiveEvent),
    nextCursor: z.string().meta({ description: 'Always there: ask again later' }),
    resumed: z.boolean().meta({
      description:
        'False: events before these are not known any more (no cursor, or one older than seven days). Fetch your lists.',
    }),
  })
  .meta({ id: 'LiveEvents' });
export type LiveEvents = z.infer<typeof LiveEvents>;

import { z } from 'zod';
import { Timestamp } from '../platform/http/timestamp.js';
import { PageQuery } from '../platform/http/page.js';
import { Owner, Username } from '../users/users.schemas.js';
import { folders } from './chat.entity.js';

/** With whom: their username, or the `id` of the chat, which works when their account is gone, too. */
export const Partner = z.union([Username, z.uuid()]).meta({ example: 'ada' });
export const ChatParam = z.strictObject({ username: Partner });

const Folder = z.enum(folders);
export const ChatsQuery = PageQuery.extend({ folder: Folder.default('inbox') });
export type ChatsQuery = z.infer<typeof ChatsQuery>;

export const ChatEdit = z
  .strictObject({
    mutedUntil: Timestamp.nullable()
      .optional()
      .meta({ description: 'Until then nothing of it is pushed, mailed or brought back from the archive' }),
    archived: z.boolean().optional(),
  })
  .meta({ id: 'EditChat' });
export type ChatEdit = z.infer<typeof ChatEdit>;

export const Chat = z
  .object({
    id: z.uuid(),
    type: z.literal('direct'),
    with: Owner.nullable().meta({ description: 'Null if the account is gone' }),
    folder: Folder.meta({ description: 'Yours. `requests`: from somebody whom you do not follow, nor answered' }),
  })
  .meta({ id: 'Chat' });
export type Chat = z.infer<typeof Chat>;

export const UnreadChats = z
  .object({ chats: z.int(), requests: z.int() })
  .meta({ id: 'UnreadChats', description: 'How many have something unread: at most 100 of each' });

const ofMember = { chat: Chat, username: z.string(), upTo: z.uuid(), seq: z.int() };
export const ReceiptTold = z.object(ofMember);
export const ChatTold = z.object({
  chat: Chat,
  folder: Folder,
  mutedUntil: z.iso.datetime().nullable(),
  clearedSeq: z.int(),
  lastReadSeq: z.int(),
});

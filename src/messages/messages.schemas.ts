import { z } from 'zod';
import { Failure, Slug } from '../files/files.schemas.js';
import { MediaFile } from '../media/media.schemas.js';
import { page, PageQuery } from '../platform/http/page.js';
import { text } from '../platform/http/text-fields.js';
import { Emoji } from '../reactions/reactions.schemas.js';
import { Term } from '../search/search.schemas.js';
import { Owner, Username } from '../users/users.schemas.js';
import { Chat, Partner } from './chats.schemas.js';
import { messageTypeNames, messageTypes } from './message.entity.js';

const MessageId = z.uuid().meta({ description: 'The `id` of a message' });
export const MessageParam = z.strictObject({ username: Partner, id: MessageId });

/** UTF-16 units. */
export const maxTextLength = 4_000;
/** Of a message that is answered to, so much is shown. */
export const maxQuoteLength = 100;
const Text = text(maxTextLength).meta({ example: 'See you at nine' });

export const sendFields = {
  type: z.enum(messageTypeNames).meta({ description: '`voice` and `audio` need a file of the kind `music`' }),
  text: Text.optional().meta({ description: 'Of a message with a file, its caption' }),
  caption: Text.optional().meta({ description: 'Another name of `text`, for messages with a file' }),
  file: Slug.optional().meta({ description: 'The `url` of a file of yours; it may still be processed' }),
  replyTo: MessageId.optional(),
  clientId: z.uuid().meta({
    description: 'Chosen by the client, a new one for each message: what is sent twice with it is one message',
  }),
};
const Sent = z.strictObject(sendFields);
export type SendBody = z.infer<typeof Sent>;
export const SendBody = Sent.superRefine(checkSent).meta({ id: 'SendMessage' });

/** What a type needs, and what it cannot have. */
export function checkSent({ type, text, caption, file }: SendBody, context: z.RefinementCtx): void {
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  if (messageTypes[type] === null) {
    if (file !== undefined) refuse('file', 'a message of this type has no file');
    if (caption !== undefined) refuse('caption', 'a message of this type has a `text`');
    if (!text) refuse('text', 'write something');
  } else {
    if (file === undefined) refuse('file', 'a message of this type needs a file');
    if (text !== undefined && caption !== undefined) refuse('caption', 'send either `text` or `caption`');
  }
}

export const EditBody = z.strictObject({ text: Text }).meta({ id: 'EditMessage' });
export const ReactBody = z.strictObject({ emoji: Emoji }).meta({ id: 'ReactToMessage' });
export const UpToBody = z
  .strictObject({ upTo: MessageId.meta({ description: 'The `id` of the latest message that it is about' }) })
  .meta({ id: 'UpTo' });

export const deleteFor = ['me', 'everyone'] as const;
export type DeleteFor = (typeof deleteFor)[number];
export const DeleteQuery = z.strictObject({
  for: z.enum(deleteFor).default('me').meta({
    description: '`me`: the other one keeps it. `everyone`: only your own; it stays as an empty one',
  }),
});

export const HistoryQuery = z
  .strictObject({
    limit: PageQuery.shape.limit.unwrap().default(50).meta({ description: 'Messages per page' }),
    cursor: z.string().max(400).optional().meta({ description: '`nextCursor` of the previous page: older ones' }),
    since: z.string().max(400).optional().meta({ description: '`newestCursor` of an earlier page: newer ones' }),
    around: MessageId.optional().meta({ description: 'The `id` of a message: a page with it in the middle' }),
  })
  .refine(({ cursor, since, around }) => [cursor, since, around].filter((one) => one !== undefined).length <= 1, {
    path: ['cursor'],
    message: 'only one of `cursor`, `since` and `around`',
  });
export type HistoryQuery = z.infer<typeof HistoryQuery>;

export const MessageSearchQuery = PageQuery.extend({
  q: Term,
  with: Username.optional().meta({ description: 'Only the chat with this user' }),
});
export type MessageSearchQuery = z.infer<typeof MessageSearchQuery>;

const MessageFile = MediaFile.extend({
  filename: z.string(),
  bytes: z.int(),
  failure: Failure.optional().meta({ description: 'Why it could not be processed' }),
  href: z.string().meta({ description: 'Its bytes, or of a video or music its playlist; signed, and expires' }),
}).meta({ id: 'MessageFile' });

export const MessageReactions = z.array(z.object({ username: z.string(), emoji: z.string() }));

export const MessageAnswer = z
  .object({
    id: z.uuid(),
    seq: z.int().meta({ description: 'Its place in the chat: 1, 2, 3, … without gaps' }),
    clientId: z.uuid(),
    sender: Owner.nullable().meta({ description: 'Null if the account is gone' }),
    type: z.enum(messageTypeNames),
    text: z.string(),
    file: MessageFile.nullable(),
    replyTo: z
      .object({
        id: z.uuid(),
        seq: z.int(),
        sender: z.string().nullable().meta({ description: 'A username' }),
        type: z.enum(messageTypeNames),
        text: z.string().meta({ description: `Its first ${maxQuoteLength} characters` }),
      })
      .nullable(),
    reactions: MessageReactions,
    status: z
      .enum(['sent', 'delivered', 'read'])
      .optional()
      .meta({ description: 'Of your own messages: what the other one did' }),
    editedAt: z.iso.datetime().nullable(),
    deletedAt: z.iso.datetime().nullable().meta({ description: 'Deleted for everyone: it has no text and file' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Message' });
export type MessageAnswer = z.infer<typeof MessageAnswer>;

export const MessagePage = page(MessageAnswer)
  .extend({ newestCursor: z.string().meta({ description: 'For `since`' }) })
  .meta({ id: 'MessagePage' });
export const FoundMessagePage = page(z.object({ chat: Chat, message: MessageAnswer })).meta({ id: 'FoundMessagePage' });

export const ChatItem = z
  .object({
    chat: Chat,
    lastMessage: MessageAnswer.nullable(),
    unread: z.int().meta({ description: 'Messages of the other one that you have not read: at most 100' }),
    mutedUntil: z.iso.datetime().nullable(),
    delivered: z.int().meta({ description: 'Your messages up to this `seq` were delivered' }),
    read: z.int().nullable().meta({ description: 'The same of reading; null where one of you hides it' }),
    canMessage: z.boolean(),
  })
  .meta({ id: 'ChatItem' });
export const ChatPage = page(ChatItem).meta({ id: 'ChatPage' });

export const MessageTold = z.object({ chat: Chat, message: MessageAnswer });
const ofMessage = { chat: Chat, messageId: z.uuid(), seq: z.int() };
export const ReactionTold = z.object({ ...ofMessage, reactions: MessageReactions });
export const DeletionTold = z.object({ ...ofMessage, for: z.enum(deleteFor) });

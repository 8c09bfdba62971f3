import { defineEntity, p } from '@mikro-orm/core';
import { File, type FileKind } from '../files/file.entity.js';
import { User } from '../users/user.entity.js';
import { Chat } from './chat.entity.js';

/** What can be sent, and the kind of file that it needs. */
export const messageTypes = {
  text: null,
  photo: 'photo',
  video: 'video',
  voice: 'music',
  audio: 'music',
  file: 'file',
} as const satisfies Record<string, FileKind | null>;
export type MessageType = keyof typeof messageTypes;
export const messageTypeNames = Object.keys(messageTypes) as [MessageType, ...MessageType[]];

/** A deleted message stays, without its text and file: numbers have no gaps. */
const MessageSchema = defineEntity({
  name: 'Message',
  tableName: 'messages',
  properties: {
    chat: () => p.manyToOne(Chat).primary().deleteRule('cascade'),
    seq: p.integer().primary(),
    id: p.uuid().defaultRaw('uuidv7()'),
    sender: () => p.manyToOne(User).nullable().deleteRule('set null'),
    /** Chosen by the client: the same one is sent once. */
    clientId: p.uuid(),
    type: p.enum(messageTypeNames),
    text: p.string().length(4000).default(''),
    file: () => p.manyToOne(File).nullable(),
    replyToSeq: p.integer().nullable(),
    editedAt: p.datetime().nullable(),
    deletedAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Message extends MessageSchema.class {}
MessageSchema.setClass(Message);

const MessageReactionSchema = defineEntity({
  name: 'MessageReaction',
  tableName: 'message_reactions',
  properties: {
    chatId: p.uuid().primary(),
    seq: p.integer().primary(),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    emoji: p.string().length(64),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class MessageReaction extends MessageReactionSchema.class {}
MessageReactionSchema.setClass(MessageReaction);

/** A message that a member deleted for themselves; of a chat at most `amounts.hiddenMessages`. */
const MessageHideSchema = defineEntity({
  name: 'MessageHide',
  tableName: 'message_hides',
  properties: {
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    chatId: p.uuid().primary(),
    seq: p.integer().primary(),
  },
});
export class MessageHide extends MessageHideSchema.class {}
MessageHideSchema.setClass(MessageHide);

/** The words that search finds a message by, and a sign for each member; maintained by triggers. */
const MessageWordsSchema = defineEntity({
  name: 'MessageWords',
  tableName: 'message_words',
  properties: {
    chatId: p.uuid().primary(),
    seq: p.integer().primary(),
    words: p.string().columnType('tsvector'),
  },
});
export class MessageWords extends MessageWordsSchema.class {}
MessageWordsSchema.setClass(MessageWords);

export { MessageHideSchema, MessageReactionSchema, MessageSchema, MessageWordsSchema };

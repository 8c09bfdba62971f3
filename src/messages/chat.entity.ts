import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** `requests`: from somebody whom the member does not follow, and has not answered. */
export const folders = ['inbox', 'requests', 'archive'] as const;
export type Folder = (typeof folders)[number];

/** The messages of two users. Its row is locked while a message gets its number. */
const ChatSchema = defineEntity({
  name: 'Chat',
  tableName: 'chats',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    /** The two, in the order of their ids; null once the account is gone. */
    low: () => p.manyToOne(User).nullable().deleteRule('set null'),
    high: () => p.manyToOne(User).nullable().deleteRule('set null'),
    /** Number of the latest message: 1, 2, 3, … without gaps. */
    lastSeq: p.integer().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Chat extends ChatSchema.class {}
ChatSchema.setClass(Chat);

/** A chat, as one of the two has it. */
const ChatMemberSchema = defineEntity({
  name: 'ChatMember',
  tableName: 'chat_members',
  properties: {
    chat: () => p.manyToOne(Chat).primary().deleteRule('cascade'),
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    partner: () => p.manyToOne(User).nullable().deleteRule('set null'),
    /** Everything up to here was read, or was delivered. */
    lastReadSeq: p.integer().default(0),
    lastDeliveredSeq: p.integer().default(0),
    /** Everything up to here was deleted by this member for themselves. */
    clearedSeq: p.integer().default(0),
    lastSeq: p.integer().default(0),
    lastMessageId: p.uuid().nullable(),
    folder: p.enum(folders).default('inbox'),
    mutedUntil: p.datetime().nullable(),
    /** A notification of what is unread was written. */
    isTold: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class ChatMember extends ChatMemberSchema.class {}
ChatMemberSchema.setClass(ChatMember);

/** Somebody to be told of what is unread, unless they read it before it is due. */
const ChatPushSchema = defineEntity({
  name: 'ChatPush',
  tableName: 'chat_pushes',
  properties: {
    user: () => p.manyToOne(User).primary().deleteRule('cascade'),
    chat: () => p.manyToOne(Chat).primary().deleteRule('cascade'),
    dueAt: p.datetime(),
  },
});
export class ChatPush extends ChatPushSchema.class {}
ChatPushSchema.setClass(ChatPush);

export { ChatMemberSchema, ChatPushSchema, ChatSchema };

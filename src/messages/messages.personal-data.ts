import { deleteBelow, type Below } from '../platform/database/below.js';
import { by, type Erasing, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

export const chatPushes: Holding = {
  table: 'chat_pushes',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Chats of which the account is to be notified.',
};

export const messageReactions: Holding = {
  table: 'message_reactions',
  rows: by('user_id'),
  exportedBy: ['chat_id', 'seq'],
  without: ['user_id'],
  why: 'Reactions of the account to messages.',
};

export const messageHides: Holding = {
  table: 'message_hides',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Messages that the account deleted for itself.',
};

export const messageWords: Holding = {
  table: 'message_words',
  rows: (userId) => sql<boolean>`exists (select 1 from messages m
    where m.sender_id = ${userId} and m.chat_id = t.chat_id and m.seq = t.seq)`,
  exportedBy: null,
  why: 'The words of messages, for search.',
  // A trigger deletes them when the message loses its text.
  erase: async () => 0,
};

export const messages: Holding = {
  table: 'messages',
  rows: by('sender_id'),
  exportedBy: ['id'],
  without: ['sender_id', 'client_id'],
  why: 'Messages that the account wrote. They stay as empty ones, without sender; what others wrote is theirs.',
  erase: eraseMessages,
};

export const chatMembers: Holding = {
  table: 'chat_members',
  rows: by('user_id'),
  exportedBy: ['chat_id'],
  without: ['user_id', 'is_told'],
  why: 'Chats, as the account had them: what was read, folder, mute.',
};

export const chats: Holding = {
  table: 'chats',
  rows: by('low_id', 'high_id'),
  exportedBy: null,
  why: 'Which two accounts exchanged messages. When both are gone, the chat is deleted.',
  erase: leaveChats,
};

/** They lose what was in them; their numbers stay, for the other one. */
async function eraseMessages({ em, userId, limit }: Erasing): Promise<number> {
  const messages = await sql<{ chatId: string; seq: number }>`
    select chat_id as "chatId", seq from messages where sender_id = ${userId} order by id limit ${limit}`.all(em);
  const keys = sql`select * from unnest(${messages.map(({ chatId }) => chatId)}::uuid[],
    ${messages.map(({ seq }) => seq)}::int[]) as k (chat_id, seq)`;
  // Chats first, as everywhere: see ChatAccess.
  await sql`
    select 1 from chats where id in (select chat_id from (${keys}) k) order by id for no key update`.all(em);
  await sql`delete from message_reactions where (chat_id, seq) in (${keys})`.all(em);
  await sql`
    update messages set sender_id = null, text = '', file_id = null, edited_at = null, deleted_at = coalesce(deleted_at, now())
    where (chat_id, seq) in (${keys})`.all(em);
  return messages.length;
}

const belowChats: readonly Below[] = [{ table: 'messages', by: 'chat_id' }];

/** Where the other one's account is gone, too, the messages go first. */
async function leaveChats({ em, userId, limit }: Erasing): Promise<number | 'again'> {
  const chats = await sql<{ id: string; isEmpty: boolean }>`
    select id, low_id is null or high_id is null as "isEmpty" from chats
    where ${userId}::uuid in (low_id, high_id) order by id limit ${limit} for update`.all(em);
  const ids = chats.map(({ id }) => id);
  const empty = chats.filter(({ isEmpty }) => isEmpty).map(({ id }) => id);
  if (await deleteBelow(em, belowChats, empty)) return 'again';
  await sql`
    update chats set low_id = nullif(low_id, ${userId}::uuid), high_id = nullif(high_id, ${userId}::uuid)
    where id = any(${ids}::uuid[]) and not id = any(${empty}::uuid[])`.all(em);
  // With the account's row they would all change at once.
  await sql`
    update chat_members set partner_id = null where chat_id = any(${ids}::uuid[]) and partner_id = ${userId}`.all(em);
  await sql`delete from chats where id = any(${empty}::uuid[])`.all(em);
  return ids.length;
}

import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { bytesHref, SignedHrefs } from '../files/signed-hrefs.service.js';
import { fileJson, FileAnswers, type FileRow } from '../media/file-answers.service.js';
import { failures } from '../processing/run/failure.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { isActive } from '../visibility/accounts.js';
import { notBlocked } from '../visibility/relations.js';
import type { Folder } from './chat.entity.js';
import type { Chat } from './chats.schemas.js';
import type { MessageType } from './message.entity.js';
import { maxQuoteLength, type MessageAnswer } from './messages.schemas.js';

export interface ChatRow {
  /** Whose view it is. */
  userId: string;
  chatId: string;
  folder: Folder;
  partner: OwnerRow | null;
}

export interface MessageRow extends ChatRow {
  seq: number;
  id: string;
  clientId: string;
  sender: OwnerRow | null;
  type: MessageType;
  text: string;
  file: (FileRow & { filename: string; bytes: number }) | null;
  replyTo: MessageAnswer['replyTo'];
  reactions: MessageAnswer['reactions'];
  status: NonNullable<MessageAnswer['status']> | null;
  createdAt: string | Date;
  editedAt: string | Date | null;
  deletedAt: string | Date | null;
}

const userJson = (u: string) => sql`
  json_build_object('userId', ${sql.ident(u, 'id')}, 'username', ${sql.ident(u, 'username')},
    'displayName', ${sql.ident(u, 'display_name')}, 'profilePhotoId', ${sql.ident(u, 'profile_photo_id')})`;

/** The other one of the member `me`: their row `them`, and their account `p`. */
export const partnerTables = sql`
  left join chat_members them on them.chat_id = me.chat_id and them.user_id = me.partner_id
  left join users p on p.id = me.partner_id and ${isActive('p')}`;
/** What `ChatRow` has, of the member `me`. */
export const chatColumns = sql`
  me.user_id as "userId", me.chat_id as "chatId", me.folder, case when p.id is not null then ${userJson('p')} end as partner`;

/** Neither of the two hides what they read. */
export const showsReads = sql<boolean>`(v.read_receipts and coalesce(p.read_receipts, false))`;
/** A request is not even known to be delivered, and a block ends it. */
export const hidesReceipts = sql<boolean>`(them.folder is null or them.folder = 'requests'
  or not ${notBlocked(sql.ident<string>('me.user_id'), 'them.user_id')})`;

/**
 * One message by its key, one row of a member by its key: the limit keeps PostgreSQL from joining a whole chat, or all
 * chats of a member, which it takes for small.
 * @param k the alias of what has `chat_id`, and for a message `seq`
 */
export const messageAt = (k: string): Statement => sql`cross join lateral (
  select * from messages m where m.chat_id = ${sql.ident(k, 'chat_id')} and m.seq = ${sql.ident(k, 'seq')} limit 1) m`;
export const memberAt = (k: string, userId: string | Statement<string>): Statement => sql`cross join lateral (
  select * from chat_members me where me.chat_id = ${sql.ident(k, 'chat_id')} and me.user_id = ${userId} limit 1) me`;

/** What `MessageRow` has, of the message `m` and its reader `me`. */
export const messageColumns = sql`
  ${chatColumns}, m.seq, m.id, m.client_id as "clientId", m.type, m.text,
  m.created_at as "createdAt", m.edited_at as "editedAt", m.deleted_at as "deletedAt",
  (select ${userJson('s')} from users s where s.id = m.sender_id and ${isActive('s')}) as sender,
  (select ${fileJson}::jsonb || jsonb_build_object('filename', f.filename, 'bytes', f.bytes) from files f where f.id = m.file_id) as file,
  (select json_build_object('id', r.id, 'seq', r.seq, 'type', r.type, 'text', left(r.text, ${sql.raw(maxQuoteLength)}),
      'sender', (select s.username from users s where s.id = r.sender_id and ${isActive('s')}))
    from messages r where r.chat_id = m.chat_id and r.seq = m.reply_to_seq and r.seq > me.cleared_seq) as "replyTo",
  (select coalesce(json_agg(json_build_object('username', u.username, 'emoji', x.emoji) order by x.created_at, u.id), '[]')
    from message_reactions x join users u on u.id = x.user_id and ${isActive()}
    where x.chat_id = m.chat_id and x.seq = m.seq) as reactions,
  case when m.sender_id is distinct from me.user_id then null
    when ${hidesReceipts} then 'sent'
    when them.last_read_seq >= m.seq and ${showsReads} then 'read'
    when them.last_delivered_seq >= m.seq then 'delivered' else 'sent' end as status`;
/** Below a message `m` with its reader `me`. */
export const messageTables = sql`join users v on v.id = me.user_id ${partnerTables}`;

/** Of rows, what the API answers. */
@Injectable()
export class MessageView {
  constructor(
    private readonly files: FileAnswers,
    private readonly signed: SignedHrefs,
  ) {}

  chat({ chatId, folder, partner }: ChatRow): Chat {
    return { id: chatId, type: 'direct', with: partner && ownerAnswer(partner), folder };
  }

  message(row: MessageRow): MessageAnswer {
    const { id, seq, clientId, type, text, sender, file, replyTo, reactions, status, userId } = row;
    return {
      id,
      seq,
      clientId,
      sender: sender && ownerAnswer(sender),
      type,
      text,
      file: file && this.file(file, userId),
      replyTo,
      reactions,
      ...(status && { status }),
      editedAt: row.editedAt && isoTime(row.editedAt),
      deletedAt: row.deletedAt && isoTime(row.deletedAt),
      createdAt: isoTime(row.createdAt),
    };
  }

  private file(file: NonNullable<MessageRow['file']>, userId: string) {
    const { filename, bytes, kind, url, failureCode } = file;
    const failure = failureCode && { code: failureCode, message: failures[failureCode].sentence };
    const { t } = this.signed.sign(url, userId);
    return {
      ...this.files.of(file, userId),
      filename,
      bytes,
      ...(failure && { failure }),
      href: bytesHref(kind, url, { t }),
    };
  }
}

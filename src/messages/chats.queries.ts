import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { afterCursor, keyOf, keysetPage, orderOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { maxPageItems } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import { mayWriteTo, messageVisible } from '../visibility/chats.js';
import { follows, notBlocked } from '../visibility/relations.js';
import { maxUnanswered } from './chat-access.service.js';
import type { ChatsQuery } from './chats.schemas.js';
import {
  memberAt,
  hidesReceipts,
  messageColumns,
  messageTables,
  MessageView,
  showsReads,
  type ChatRow,
  type MessageRow,
} from './message-view.js';
import { hasUnread, unreadOf } from './unread.js';

interface Counts {
  unread: number;
  mutedUntil: string | null;
  delivered: number;
  read: number | null;
  canMessage: boolean;
}
type ItemRow = Partial<MessageRow> & ChatRow & Counts;

const latest: Keyset = { name: 'chats', columns: [[sql.raw('me.last_message_id'), 'uuid']], direction: 'desc' };
/** Counting stops here. */
const maxUnread = sql.raw('100');

/** Of a member `me`, beside the latest message `m`. */
const columns = sql`
  ${messageColumns}, me.muted_until as "mutedUntil", unread.count as unread,
  case when ${hidesReceipts} then 0 else them.last_delivered_seq end as delivered,
  case when not ${showsReads} then null when ${hidesReceipts} then 0 else them.last_read_seq end as read,
  coalesce(${mayWriteTo('p', 'them', 'me.user_id')} and ${notBlocked(sql.ident<string>('me.user_id'), 'p.id')}
    and (them.folder <> 'requests' or me.last_seq < ${sql.raw(maxUnanswered)} or ${follows(sql.ident<string>('p.id'), 'me.user_id')}), false) as "canMessage"`;
const tables = sql`
  left join lateral (
    select m.* from messages m where m.chat_id = me.chat_id and ${messageVisible()} order by m.seq desc limit 1) m on true
  ${messageTables}
  cross join lateral (
    select count(*)::int as count from (
      select 1 ${unreadOf('me')} order by x.seq limit ${maxUnread}) counted) unread`;

@Injectable()
export class ChatsQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly view: MessageView,
  ) {}

  /** Those with the latest messages first. */
  async list(viewer: string, { folder, limit, cursor }: ChatsQuery) {
    const page = sql`
      select * from (
        select me.chat_id, ${keyOf(latest)} from chat_members me
        where me.user_id = ${viewer} and me.folder = ${sql.word(folder)} and me.last_seq > me.cleared_seq
          and ${afterCursor(latest, cursor)}
        order by ${orderOf(latest)} limit ${sql.raw(maxPageItems)} + 1) page limit ${limit + 1}`;
    const rows = await sql<ItemRow & Keyed>`
      select ${columns}, page.key from (${page}) page
      ${memberAt('page', viewer)}
      ${tables} order by ${orderOf(latest)}`.all(this.em);
    return keysetPage(latest, rows, limit, (row) => this.toItem(row));
  }

  /** @throws {Problem} `chat_not_found` */
  async one(viewer: string, chatId: string) {
    const [row] = await sql<ItemRow>`
      select ${columns} from chat_members me ${tables}
      where me.chat_id = ${chatId} and me.user_id = ${viewer}`.all(this.em);
    if (!row) throw new Problem('chat_not_found');
    return this.toItem(row);
  }

  async unread(viewer: string): Promise<{ chats: number; requests: number }> {
    const waiting = (where: Statement<boolean>) => sql`(select count(*)::int from (
      select 1 from chat_members me where me.user_id = ${viewer} and ${hasUnread('me')} and ${where}
      limit ${maxUnread}) counted)`;
    const inbox = sql<boolean>`me.folder = 'inbox' and (me.muted_until is null or me.muted_until < now())`;
    const [counts] = await sql<{ chats: number; requests: number }>`
      select ${waiting(inbox)} as chats, ${waiting(sql<boolean>`me.folder = 'requests'`)} as requests`.all(this.em);
    return counts!;
  }

  private toItem(row: ItemRow) {
    return {
      chat: this.view.chat(row),
      lastMessage: row.id ? this.view.message(row as MessageRow) : null,
      unread: row.unread,
      mutedUntil: row.mutedUntil && isoTime(row.mutedUntil),
      delivered: row.delivered,
      read: row.read,
      canMessage: row.canMessage,
    };
  }
}

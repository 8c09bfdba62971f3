import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { sql, type Statement } from '../platform/database/sql.js';
import { decodeCursor, encodeCursor, maxPageItems } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import { messageVisible } from '../visibility/chats.js';
import type { ChatSide } from './chat-access.service.js';
import { memberAt, messageAt, messageColumns, messageTables, MessageView, type MessageRow } from './message-view.js';
import type { HistoryQuery, MessageAnswer } from './messages.schemas.js';

const place = z.tuple([z.int32().min(0)]);
const cursorAt = (seq: number) => encodeCursor('messages', [seq]);
/** Beyond the latest message. */
const end = 2 ** 31 - 1;

/** One message of a chat, for one of its members. */
export interface Asked {
  userId: string;
  chatId: string;
  seq: number;
}

@Injectable()
export class MessagesQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly view: MessageView,
  ) {}

  /**
   * The newest first. With `since`, the oldest of those that are newer: to be repeated until there are none. Exact,
   * because a number is given under the chat's lock: who sees one has seen all before it.
   * @throws {Problem} `message_not_found` for `around`
   */
  async history(viewer: string, chat: ChatSide, { limit, cursor, since, around }: HistoryQuery) {
    const below = decodeCursor(cursor, 'messages', place)?.[0] ?? end;
    const above = decodeCursor(since, 'messages', place, 'since')?.[0];
    const middle = around === undefined ? undefined : await this.seqOf(viewer, chat.chatId, around);
    const rows = await sql<MessageRow>`
      select ${messageColumns}
      from (${this.keys(viewer, chat, { limit, below, above, middle })}) page
      ${messageAt('page')} ${memberAt('page', viewer)}
      ${messageTables}
      order by page.seq desc`.all(this.em);
    // With `since` a row more tells nothing: the next answer is empty.
    const hasOlder = above === undefined && middle === undefined && rows.length > limit;
    const shown = hasOlder ? rows.slice(0, limit) : rows;
    const oldest = shown.at(-1)?.seq;
    const goesOn = hasOlder || (middle !== undefined && oldest !== undefined && oldest > chat.clearedSeq + 1);
    return {
      items: shown.map((row) => this.view.message(row)),
      nextCursor: goesOn ? cursorAt(oldest!) : null,
      newestCursor: cursorAt(shown[0]?.seq ?? above ?? chat.lastSeq),
    };
  }

  /**
   * Numbers first, from the index alone, with the longest page in the text: joined at once, the kept plan would sort
   * the whole chat (docs/decisions/0011).
   */
  private keys(viewer: string, { chatId, clearedSeq }: ChatSide, wanted: Wanted): Statement<unknown> {
    const { limit, below, above, middle } = wanted;
    const part = (bounds: Statement<boolean>, direction: 'asc' | 'desc', rows: number) => sql`
      select * from (
        select m.chat_id, m.seq from messages m
        where m.chat_id = ${chatId} and ${bounds} and m.seq > ${clearedSeq}
          and coalesce((select false from message_hides h
            where h.user_id = ${viewer} and h.chat_id = m.chat_id and h.seq = m.seq), true)
        order by m.seq ${sql.raw(direction)} limit ${sql.raw(maxPageItems)} + 1) part limit ${rows}`;
    if (above !== undefined) return part(sql`m.seq > ${above}`, 'asc', limit);
    if (middle === undefined) return part(sql`m.seq < ${below}`, 'desc', limit + 1);
    const older = Math.ceil(limit / 2);
    return sql`(${part(sql`m.seq <= ${middle}`, 'desc', older)})
      union all (${part(sql`m.seq > ${middle}`, 'asc', limit - older)})`;
  }

  /** @throws {Problem} `message_not_found` */
  async one(viewer: string, chatId: string, seq: number): Promise<MessageAnswer> {
    const [row] = await this.rows([{ userId: viewer, chatId, seq }]);
    if (!row) throw new Problem('message_not_found');
    return this.view.message(row);
  }

  /** One that the viewer sent, also if they deleted it for themselves. */
  async sent(viewer: string, chatId: string, seq: number): Promise<MessageAnswer> {
    const [row] = await this.rows([{ userId: viewer, chatId, seq }], sql<boolean>`true`);
    if (!row) throw new Problem('message_not_found');
    return this.view.message(row);
  }

  /** Of each its row, in the same order; undefined where its reader cannot see it any more. */
  async rows(asked: readonly Asked[], visible = messageVisible()): Promise<(MessageRow | undefined)[]> {
    const rows = await sql<MessageRow & { place: number }>`
      select k.place::int as place, ${messageColumns}
      from unnest(${asked.map(({ userId }) => userId)}::uuid[], ${asked.map(({ chatId }) => chatId)}::uuid[],
        ${asked.map(({ seq }) => seq)}::int[]) with ordinality as k (user_id, chat_id, seq, place)
      ${messageAt('k')} ${memberAt('k', sql.ident<string>('k.user_id'))}
      ${messageTables}
      where ${visible}`.all(this.em);
    const found: (MessageRow | undefined)[] = asked.map(() => undefined);
    for (const row of rows) found[row.place - 1] = row;
    return found;
  }

  /** @throws {Problem} `message_not_found`, also for one that the viewer deleted for themselves */
  async seqOf(viewer: string, chatId: string, id: string): Promise<number> {
    const [message] = await sql<{ seq: number }>`
      select m.seq from messages m join chat_members me on me.chat_id = m.chat_id and me.user_id = ${viewer}
      where m.id = ${id} and m.chat_id = ${chatId} and ${messageVisible()}`.all(this.em);
    if (!message) throw new Problem('message_not_found');
    return message.seq;
  }
}

interface Wanted {
  limit: number;
  below: number;
  above: number | undefined;
  middle: number | undefined;
}

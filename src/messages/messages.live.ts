import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { isoTime } from '../platform/database/iso-time.js';
import { sql } from '../platform/database/sql.js';
import { Renders, type Told } from '../platform/realtime/renders.js';
import { isActive } from '../visibility/accounts.js';
import { ChatTold, ReceiptTold } from './chats.schemas.js';
import {
  chatColumns,
  memberAt,
  messageAt,
  MessageView,
  partnerTables,
  type ChatRow,
  type MessageRow,
} from './message-view.js';
import { DeletionTold, MessageTold, ReactionTold } from './messages.schemas.js';
import { MessagesQueries } from './messages.queries.js';

type Message = z.infer<typeof MessageTold>;
type Receipt = z.infer<typeof ReceiptTold>;
interface OfMessage {
  userId: string;
  ids: { chatId: string; seq: number };
}
interface OfMember {
  userId: string;
  ids: { chatId: string; memberId: string; seq: number };
}
interface SideRow extends ChatRow {
  place: number;
  mutedUntil: string | null;
  clearedSeq: number;
  lastReadSeq: number;
}

/** What sockets are told of chats. */
@Injectable()
export class MessagesLive {
  constructor(
    private readonly em: EntityManager,
    private readonly queries: MessagesQueries,
    private readonly view: MessageView,
  ) {}

  @Renders('message.created', MessageTold)
  created(told: OfMessage[]): Promise<(Message | null)[]> {
    return this.messages(told);
  }

  @Renders('message.edited', MessageTold)
  edited(told: OfMessage[]): Promise<(Message | null)[]> {
    return this.messages(told);
  }

  @Renders('message.updated', MessageTold)
  updated(told: OfMessage[]): Promise<(Message | null)[]> {
    return this.messages(told);
  }

  @Renders('message.reaction', ReactionTold)
  async reaction(told: OfMessage[]): Promise<(z.infer<typeof ReactionTold> | null)[]> {
    const rows = await this.rows(told);
    return rows.map((row) => (row ? { ...this.place(row), reactions: row.reactions } : null));
  }

  @Renders('message.deleted', DeletionTold)
  async deleted(told: Told<'message.deleted'>[]): Promise<(z.infer<typeof DeletionTold> | null)[]> {
    const rows = await sql<ChatRow & { place: number; seq: number; id: string }>`
      select k.place::int as place, ${chatColumns}, m.seq, m.id
      from ${keys(told)} ${messageAt('k')} ${memberAt('k', sql.ident<string>('k.user_id'))} ${partnerTables}`.all(
      this.em,
    );
    return inOrder(told, rows, (row, { ids }) => ({ ...this.place(row), for: ids.for }));
  }

  @Renders('chat.delivered', ReceiptTold)
  delivered(told: OfMember[]): Promise<(Receipt | null)[]> {
    return this.receipts(told);
  }

  @Renders('chat.read', ReceiptTold)
  read(told: OfMember[]): Promise<(Receipt | null)[]> {
    return this.receipts(told);
  }

  @Renders('chat.changed', ChatTold)
  async changed(told: Told<'chat.changed'>[]): Promise<(z.infer<typeof ChatTold> | null)[]> {
    const rows = await sql<SideRow>`
      select k.place::int as place, ${chatColumns}, me.muted_until as "mutedUntil", me.cleared_seq as "clearedSeq",
        me.last_read_seq as "lastReadSeq"
      from unnest(${told.map(({ userId }) => userId)}::uuid[], ${told.map(({ ids }) => ids.chatId)}::uuid[])
        with ordinality as k (user_id, chat_id, place)
      ${memberAt('k', sql.ident<string>('k.user_id'))} ${partnerTables}`.all(this.em);
    return inOrder(told, rows, ({ mutedUntil, clearedSeq, lastReadSeq, ...row }) => ({
      chat: this.view.chat(row),
      folder: row.folder,
      mutedUntil: mutedUntil && isoTime(mutedUntil),
      ...{ clearedSeq, lastReadSeq },
    }));
  }

  private rows(told: OfMessage[]): Promise<(MessageRow | undefined)[]> {
    return this.queries.rows(told.map(({ userId, ids }) => ({ userId, ...ids })));
  }

  /** One that was deleted for everyone since is told by `message.deleted`. */
  private async messages(told: OfMessage[]): Promise<(Message | null)[]> {
    const rows = await this.rows(told);
    return rows.map((row) =>
      row && !row.deletedAt ? { chat: this.view.chat(row), message: this.view.message(row) } : null,
    );
  }

  private place(row: ChatRow & { id: string; seq: number }) {
    return { chat: this.view.chat(row), messageId: row.id, seq: row.seq };
  }

  private async receipts(told: OfMember[]): Promise<(Receipt | null)[]> {
    const rows = await sql<ChatRow & { place: number; username: string; seq: number; id: string }>`
      select k.place::int as place, ${chatColumns}, u.username, m.seq, m.id
      from ${keys(told)} ${messageAt('k')} ${memberAt('k', sql.ident<string>('k.user_id'))} ${partnerTables}
      join unnest(${told.map(({ ids }) => ids.memberId)}::uuid[]) with ordinality as x (member_id, place) using (place)
      join users u on u.id = x.member_id and ${isActive()}`.all(this.em);
    return inOrder(told, rows, (row) => ({
      chat: this.view.chat(row),
      username: row.username,
      upTo: row.id,
      seq: row.seq,
    }));
  }
}

const keys = (told: { userId: string; ids: { chatId: string; seq: number } }[]) => sql`
  unnest(${told.map(({ userId }) => userId)}::uuid[], ${told.map(({ ids }) => ids.chatId)}::uuid[],
    ${told.map(({ ids }) => ids.seq)}::int[]) with ordinality as k (user_id, chat_id, seq, place)`;

/** Of each that is told, what was made of its row; null where there is none any more. */
function inOrder<T, R extends { place: number }, A>(told: T[], rows: R[], make: (row: R, told: T) => A): (A | null)[] {
  const byPlace = new Map(rows.map((row) => [row.place - 1, row]));
  return told.map((one, i) => {
    const row = byPlace.get(i);
    return row ? make(row, one) : null;
  });
}

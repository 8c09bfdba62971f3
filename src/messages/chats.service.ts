import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import { Live } from '../platform/realtime/live.js';
import { ChatAccess, type ChatSide } from './chat-access.service.js';
import type { ChatEdit } from './chats.schemas.js';
import { ChatsQueries } from './chats.queries.js';
import { MessagesQueries } from './messages.queries.js';

interface Moved {
  /** The other one is told. */
  isShown: boolean;
  /** Neither of the two hides what they read. */
  showsReads: boolean;
  isDelivered: boolean;
  /** A notification of it was written, and goes. */
  wasTold: boolean;
}

export type Receipt = 'delivered' | 'read';

/** A chat, as one of its members has it: receipts, folder, mute. */
@Injectable()
export class ChatsService {
  constructor(
    private readonly em: EntityManager,
    private readonly access: ChatAccess,
    private readonly chats: ChatsQueries,
    private readonly messages: MessagesQueries,
    private readonly live: Live,
    private readonly outbox: Outbox,
  ) {}

  /** Only forwards; reading implies delivery. @throws {Problem} `chat_not_found`, `message_not_found` */
  async acknowledge(viewer: string, to: string, upTo: string, receipt: Receipt): Promise<void> {
    const chat = await this.access.find(viewer, to);
    await this.move(viewer, chat, await this.messages.seqOf(viewer, chat.chatId, upTo), receipt);
  }

  /** What was fetched was delivered. */
  async fetched(viewer: string, chat: ChatSide, newest: number | undefined): Promise<void> {
    if (newest !== undefined && newest > chat.deliveredSeq) await this.move(viewer, chat, newest, 'delivered');
  }

  private async move(viewer: string, { chatId, partnerId }: ChatSide, seq: number, receipt: Receipt): Promise<void> {
    const isRead = receipt === 'read';
    const place = isRead ? sql`last_read_seq` : sql`last_delivered_seq`;
    await this.em.transactional(async (em) => {
      const [moved] = await sql<Moved>`
        update chat_members me set last_delivered_seq = greatest(last_delivered_seq, least(${seq}::int, last_seq)),
          last_read_seq = case when ${isRead} then least(${seq}::int, last_seq) else last_read_seq end,
          is_told = is_told and not (${isRead} and ${seq}::int >= last_seq)
        where chat_id = ${chatId} and user_id = ${viewer} and ${place} < least(${seq}::int, last_seq)
        returning new.folder <> 'requests' and not exists (select 1 from blocks b where (b.blocker_id, b.blocked_id)
            in ((me.user_id, me.partner_id), (me.partner_id, me.user_id))) as "isShown",
          (select bool_and(u.read_receipts) from users u where u.id in (me.user_id, me.partner_id)) as "showsReads",
          new.last_delivered_seq > old.last_delivered_seq as "isDelivered", old.is_told and not new.is_told as "wasTold"`.all(
        em,
      );
      if (!moved) return;
      const partner = partnerId && moved.isShown ? [partnerId] : [];
      const ids = { chatId, memberId: viewer, seq };
      if (!isRead) await this.live.record([viewer, ...partner], 'chat.delivered', ids);
      else {
        await this.live.record(moved.showsReads ? [viewer, ...partner] : [viewer], 'chat.read', ids);
        // Who hides what they read does not hide what they have.
        if (!moved.showsReads && moved.isDelivered) await this.live.record(partner, 'chat.delivered', ids);
      }
      if (moved.wasTold) await this.outbox.record('chat.told', { chatId, userId: viewer });
    });
  }

  /** Takes a request into the inbox. Twice is once. @throws {Problem} `chat_not_found` */
  async accept(viewer: string, to: string) {
    return this.change(viewer, to, async (em, { chatId }) => {
      const accepted = await sql`
        update chat_members set folder = 'inbox'
        where chat_id = ${chatId} and user_id = ${viewer} and folder = 'requests' returning 1`.all(em);
      return accepted.length > 0;
    });
  }

  /** @throws {Problem} `chat_not_found`, `request_pending` for the archive */
  async edit(viewer: string, to: string, { mutedUntil, archived }: ChatEdit) {
    return this.change(viewer, to, async (em, { chatId, folder }) => {
      if (archived && folder === 'requests')
        throw new Problem('request_pending', 'Accept the chat before you archive it, or delete it.');
      const wanted = archived === undefined || folder === 'requests' ? folder : archived ? 'archive' : 'inbox';
      const muted = mutedUntil === undefined ? sql`muted_until` : sql`${mutedUntil}::timestamptz`;
      const changed = await sql`
        update chat_members set folder = ${wanted}, muted_until = ${muted}
        where chat_id = ${chatId} and user_id = ${viewer} and (folder, muted_until) is distinct from (${wanted}, ${muted})
        returning 1`.all(em);
      return changed.length > 0;
    });
  }

  /** Deletes all of it for the viewer; the other one keeps theirs. Twice is once. @throws {Problem} `chat_not_found` */
  async clear(viewer: string, to: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const { chatId } = await this.access.hold(em, viewer, to);
      const [cleared] = await sql<{ wasTold: boolean }>`
        update chat_members set cleared_seq = last_seq, last_read_seq = last_seq, last_delivered_seq = last_seq, is_told = false
        where chat_id = ${chatId} and user_id = ${viewer} and cleared_seq < last_seq returning old.is_told as "wasTold"`.all(
        em,
      );
      if (!cleared) return;
      await sql`delete from message_hides where chat_id = ${chatId} and user_id = ${viewer}`.all(em);
      await this.live.record([viewer], 'chat.changed', { chatId });
      if (cleared.wasTold) await this.outbox.record('chat.told', { chatId, userId: viewer });
    });
  }

  private async change(viewer: string, to: string, work: (em: EntityManager, chat: ChatSide) => Promise<boolean>) {
    const chatId = await this.em.transactional(async (em) => {
      const chat = await this.access.hold(em, viewer, to);
      if (await work(em, chat)) await this.live.record([viewer], 'chat.changed', { chatId: chat.chatId });
      return chat.chatId;
    });
    return this.chats.one(viewer, chatId);
  }
}

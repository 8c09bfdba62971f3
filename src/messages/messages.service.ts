import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { FilesService } from '../files/files.service.js';
import { retryOnDeadlock } from '../platform/database/retry-on-deadlock.js';
import { sql } from '../platform/database/sql.js';
import { Problem } from '../platform/http/problems.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import { Live } from '../platform/realtime/live.js';
import { messageVisible } from '../visibility/chats.js';
import { ChatAccess } from './chat-access.service.js';
import type { MessageType } from './message.entity.js';
import type { DeleteFor, MessageAnswer } from './messages.schemas.js';
import { MessagesQueries } from './messages.queries.js';

interface Held {
  chatId: string;
  /** Both, or the one whose partner's account is gone. */
  members: string[];
  seq: number;
  type: MessageType;
  fileId: string | null;
  isMine: boolean;
  isDeleted: boolean;
  /** Deleted by the viewer for themselves. */
  isHidden: boolean;
  isEditable: boolean;
}

const editableFor = sql`interval '15 minutes'`;

/** What is done to messages that were sent. Each holds the lock on the chat, as sending does. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly em: EntityManager,
    private readonly access: ChatAccess,
    private readonly queries: MessagesQueries,
    private readonly files: FilesService,
    private readonly live: Live,
  ) {}

  /**
   * @throws {Problem} `message_not_found`, `not_yours`, `edit_too_late`, `blocked`, `cannot_message`, `validation_failed`
   *   for a text without text
   */
  async edit(viewer: string, to: string, id: string, text: string): Promise<MessageAnswer> {
    const { chatId, seq } = await this.em.transactional(async (em) => {
      const message = await this.hold(em, viewer, to, id);
      if (message.isDeleted || message.isHidden) throw new Problem('message_not_found');
      if (!message.isMine) throw new Problem('not_yours');
      await this.access.mayAct(em, viewer, message.chatId);
      if (!message.isEditable) throw new Problem('edit_too_late');
      if (text === '' && message.type === 'text')
        throw new Problem('validation_failed', { errors: [{ pointer: '/text', message: 'write something' }] });
      const changed = await sql`
        update messages set text = ${text}, edited_at = now()
        where chat_id = ${message.chatId} and seq = ${message.seq} and text <> ${text} returning 1`.all(em);
      if (changed.length) await this.tell(message, 'message.edited');
      return message;
    });
    return this.queries.one(viewer, chatId, seq);
  }

  /**
   * For oneself, or an own message for everyone: then it loses what was in it. Twice is once.
   * @throws {Problem} `message_not_found`, `not_yours`, `limit_reached`
   */
  async delete(viewer: string, to: string, id: string, whose: DeleteFor): Promise<void> {
    await retryOnDeadlock(() =>
      this.em.transactional(async (em) => {
        const message = await this.hold(em, viewer, to, id);
        if (whose === 'me') await this.hide(em, viewer, message);
        else if (!message.isMine) throw new Problem('not_yours');
        else if (!message.isDeleted) await this.empty(em, message);
      }),
    );
  }

  /** Replaces an earlier reaction. @throws {Problem} `message_not_found`, `blocked`, `cannot_message`, `request_pending` */
  async react(viewer: string, to: string, id: string, emoji: string): Promise<MessageAnswer> {
    const { chatId, seq } = await this.em.transactional(async (em) => {
      const message = await this.hold(em, viewer, to, id);
      if (message.isDeleted || message.isHidden) throw new Problem('message_not_found');
      const { mine } = await this.access.mayAct(em, viewer, message.chatId);
      // It would tell that the request was read.
      if (mine === 'requests') throw new Problem('request_pending', 'Accept the chat, or answer it, first.');
      const changed = await sql`
        insert into message_reactions as x (chat_id, seq, user_id, emoji)
        values (${message.chatId}, ${message.seq}, ${viewer}, ${emoji})
        on conflict (chat_id, seq, user_id) do update set emoji = excluded.emoji, created_at = now()
        where x.emoji <> excluded.emoji returning 1`.all(em);
      if (changed.length) await this.tell(message, 'message.reaction');
      return message;
    });
    return this.queries.one(viewer, chatId, seq);
  }

  /** @throws {Problem} `message_not_found` */
  async unreact(viewer: string, to: string, id: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const message = await this.hold(em, viewer, to, id);
      const gone = await sql`
        delete from message_reactions
        where chat_id = ${message.chatId} and seq = ${message.seq} and user_id = ${viewer} returning 1`.all(em);
      if (gone.length) await this.tell(message, 'message.reaction');
    });
  }

  private async hide(em: EntityManager, viewer: string, { chatId, seq }: Held): Promise<void> {
    const hidden = await sql`
      insert into message_hides (user_id, chat_id, seq) values (${viewer}, ${chatId}, ${seq})
      on conflict do nothing returning 1`.all(em);
    if (!hidden.length) return;
    const all = sql`from message_hides where user_id = ${viewer} and chat_id = ${chatId}`;
    await refuseBeyond(em, 'hiddenMessages', `${chatId}:${viewer}`, all);
    await this.live.record([viewer], 'message.deleted', { chatId, seq, for: 'me' });
  }

  private async empty(em: EntityManager, message: Held): Promise<void> {
    const { chatId, seq, fileId, members } = message;
    await sql`delete from message_reactions where chat_id = ${chatId} and seq = ${seq}`.all(em);
    await sql`
      update messages set text = '', file_id = null, deleted_at = now() where chat_id = ${chatId} and seq = ${seq}`.all(
      em,
    );
    if (fileId) await this.files.release(em, fileId);
    await this.live.record(members, 'message.deleted', { chatId, seq, for: 'everyone' });
  }

  private tell({ chatId, seq, members }: Held, name: 'message.edited' | 'message.reaction'): Promise<void> {
    return this.live.record(members, name, { chatId, seq });
  }

  /** Also a message that the viewer deleted for themselves, but not one of a cleared chat. */
  private async hold(em: EntityManager, viewer: string, to: string, id: string): Promise<Held> {
    const { chatId, partnerId } = await this.access.hold(em, viewer, to);
    const [message] = await sql<Omit<Held, 'chatId' | 'members'>>`
      select m.seq, m.type, m.file_id as "fileId", m.sender_id is not distinct from ${viewer} as "isMine",
        m.deleted_at is not null as "isDeleted", not ${messageVisible()} as "isHidden",
        m.created_at > now() - ${editableFor} as "isEditable"
      from messages m join chat_members me on me.chat_id = m.chat_id and me.user_id = ${viewer}
      where m.id = ${id} and m.chat_id = ${chatId} and m.seq > me.cleared_seq`.all(em);
    if (!message) throw new Problem('message_not_found');
    return { ...message, chatId, members: partnerId ? [viewer, partnerId] : [viewer] };
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { FilesService } from '../files/files.service.js';
import { retryOnDeadlock } from '../platform/database/retry-on-deadlock.js';
import { sql } from '../platform/database/sql.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { Live } from '../platform/realtime/live.js';
import { ChatAccess, maxUnanswered, type Standing } from './chat-access.service.js';
import type { Folder } from './chat.entity.js';
import { messageTypes } from './message.entity.js';
import type { MessageAnswer, SendBody } from './messages.schemas.js';
import { MessagesQueries } from './messages.queries.js';

/** A message as it is stored. */
interface Content {
  clientId: string;
  type: SendBody['type'];
  text: string;
  fileId: string | null;
  replyToSeq: number | null;
}
interface Sent {
  seq: number;
  members: { userId: string; before: Folder; after: Folder; wasTold: boolean }[];
}

/** One transaction, in which the chat's row is locked first: numbers follow the commits, and have no gaps. */
@Injectable()
export class SendingService {
  constructor(
    private readonly em: EntityManager,
    private readonly access: ChatAccess,
    private readonly queries: MessagesQueries,
    private readonly files: FilesService,
    private readonly limiter: RateLimiter,
    private readonly live: Live,
    private readonly outbox: Outbox,
  ) {}

  /**
   * @returns the message, which is the first one if its `clientId` was sent before
   * @throws {Problem} `yourself`, `blocked`, `cannot_message`, `request_pending`, `client_id_reused`,
   *   `message_not_found` for `replyTo`, and as `FilesService.takeToSend`
   */
  async send(viewer: Viewer, to: string, body: SendBody): Promise<{ message: MessageAnswer; isNew: boolean }> {
    const sent = await retryOnDeadlock(() => this.em.transactional((em) => this.write(em, viewer, to, body)));
    const message = await this.queries.sent(viewer.id, sent.chatId, sent.seq);
    return { message, isNew: sent.isNew };
  }

  private async write(em: EntityManager, viewer: Viewer, to: string, body: SendBody) {
    const { chatId, partnerId } = await this.access.open(em, viewer, to);
    const repeated = await this.repeated(em, viewer.id, chatId, body);
    if (repeated !== null) return { chatId, seq: repeated, isNew: false };
    const standing = await this.access.mayAct(em, viewer.id, chatId);
    await this.expectWelcome(em, viewer.id, chatId, standing, body);
    const { seq, members } = await this.insert(
      em,
      viewer.id,
      chatId,
      await this.content(em, viewer.id, chatId, body),
      standing,
    );
    await this.live.record([viewer.id, partnerId], 'message.created', { chatId, seq });
    for (const { userId, before, after, wasTold } of members) {
      if (before !== after) await this.live.record([userId], 'chat.changed', { chatId });
      if (wasTold && userId === viewer.id) await this.outbox.record('chat.told', { chatId, userId });
    }
    return { chatId, seq, isNew: true };
  }

  /**
   * @returns the number of the message that was sent with this `clientId`
   * @throws {Problem} `client_id_reused` for another content, unless the message was changed since
   */
  private async repeated(em: EntityManager, viewer: string, chatId: string, body: SendBody): Promise<number | null> {
    const { type, text, caption, file = null, replyTo = null, clientId } = body;
    const [first] = await sql<{ seq: number; isSame: boolean }>`
      select m.seq, m.edited_at is not null or m.deleted_at is not null or (m.type = ${type} and m.text = ${text ?? caption ?? ''}
        and f.url is not distinct from ${file} and r.id is not distinct from ${replyTo}::uuid) as "isSame"
      from messages m left join files f on f.id = m.file_id
      left join messages r on r.chat_id = m.chat_id and r.seq = m.reply_to_seq
      where m.chat_id = ${chatId} and m.sender_id = ${viewer} and m.client_id = ${clientId}`.all(em);
    if (first && !first.isSame) throw new Problem('client_id_reused');
    return first?.seq ?? null;
  }

  private async content(em: EntityManager, viewer: string, chatId: string, body: SendBody): Promise<Content> {
    const { type, text, caption, file, replyTo, clientId } = body;
    const kind = messageTypes[type];
    return {
      ...{ clientId, type, text: text ?? caption ?? '' },
      fileId: kind && (await this.files.takeToSend(em, viewer, file!, kind)),
      replyToSeq: replyTo === undefined ? null : await this.queries.seqOf(viewer, chatId, replyTo),
    };
  }

  /** Somebody whom the other one neither follows nor answered writes a few texts, to few such people a day. */
  private async expectWelcome(
    em: EntityManager,
    viewer: string,
    chatId: string,
    { theirs, isFollowed }: Standing,
    { type }: SendBody,
  ): Promise<void> {
    if (theirs !== 'requests' || isFollowed) return;
    const [chat] = await sql<{ sent: number }>`select last_seq as sent from chats where id = ${chatId}`.all(em);
    if (chat!.sent >= maxUnanswered || type !== 'text') throw new Problem('request_pending');
    if (chat!.sent === 0) await this.limiter.consume('strangers', viewer);
  }

  /** The sender has read everything before it; a chat that is answered, or not muted, is in the inbox. */
  private async insert(
    em: EntityManager,
    sender: string,
    chatId: string,
    { clientId, type, text, fileId, replyToSeq }: Content,
    { isFollowed }: Standing,
  ): Promise<Sent> {
    const [sent] = await sql<Sent>`
      with c as (update chats set last_seq = last_seq + 1 where id = ${chatId} returning last_seq),
        m as (
          insert into messages (chat_id, seq, sender_id, client_id, type, text, file_id, reply_to_seq, created_at)
          select ${chatId}, c.last_seq, ${sender}::uuid, ${clientId}, ${type}, ${text}, ${fileId}::uuid, ${replyToSeq}::int, clock_timestamp()
          from c returning seq, id),
        b as (
          update chat_members cm set last_seq = m.seq, last_message_id = m.id,
            last_read_seq = case when cm.user_id = ${sender} then m.seq else cm.last_read_seq end,
            last_delivered_seq = case when cm.user_id = ${sender} then m.seq else cm.last_delivered_seq end,
            is_told = cm.is_told and cm.user_id <> ${sender},
            folder = case
              when cm.folder = 'requests' and (cm.user_id = ${sender} or ${isFollowed}) then 'inbox'
              when cm.folder = 'archive' and coalesce(cm.muted_until < now(), true) then 'inbox'
              else cm.folder end
          from m where cm.chat_id = ${chatId}
          returning cm.user_id, old.folder as before, new.folder as after, old.is_told),
        w as (
          insert into chat_pushes (user_id, chat_id, due_at)
          select user_id, ${chatId}, now() + interval '5 seconds' from b where user_id <> ${sender} and after = 'inbox'
          on conflict do nothing)
      select m.seq, (select json_agg(json_build_object(
        'userId', b.user_id, 'before', b.before, 'after', b.after, 'wasTold', b.is_told)) from b) as members
      from m`.all(em);
    return sent!;
  }
}

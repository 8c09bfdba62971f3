import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { Outbox } from '../platform/events/outbox.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { isInForeground } from '../platform/realtime/online.js';
import { Live } from '../platform/realtime/live.js';
import { hasUnread } from './unread.js';

/** Of messages with the same file, so many of the latest are told of. */
const maxUpdated = 100;
const slice = 500;

@Injectable()
export class MessagesJobs {
  constructor(
    private readonly em: EntityManager,
    private readonly live: Live,
    private readonly outbox: Outbox,
  ) {}

  @OnEvent('update-messages')
  onReady({ fileId }: EventOf<'file.ready'>): Promise<void> {
    return this.update(fileId);
  }

  @OnEvent('fail-messages')
  onFailed({ fileId }: EventOf<'file.failed'>): Promise<void> {
    return this.update(fileId);
  }

  /**
   * Whoever did not read what came some seconds ago, and has no device in the foreground, is notified and pushed to. In
   * one statement the rows go and the members are marked, so that neither is lost.
   */
  @OnJob('chats.tell')
  async tell(_payload: object, { signal }: JobContext): Promise<void> {
    let taken: number;
    do {
      signal.throwIfAborted();
      taken = await this.em.transactional(async (em) => {
        const due = await sql<{ chatId: string; userId: string; isUnread: boolean }>`
          with due as (
            delete from chat_pushes where (user_id, chat_id) in (
              -- Members, too, and none that is being written to: a send has its member's row first, then this one.
              select p.user_id, p.chat_id from chat_pushes p
              join chat_members me on me.chat_id = p.chat_id and me.user_id = p.user_id
              where p.due_at < now() order by p.due_at limit ${slice} for no key update of p, me skip locked)
            returning user_id, chat_id),
          marked as (
            update chat_members me set is_told = true from due
            where me.chat_id = due.chat_id and me.user_id = due.user_id
              and ${hasUnread('me')} and me.folder = 'inbox' and coalesce(me.muted_until < now(), true)
              and not ${isInForeground(sql.ident('me.user_id'))}
            returning me.chat_id, me.user_id)
          select due.chat_id as "chatId", due.user_id as "userId", marked.chat_id is not null as "isUnread"
          from due left join marked using (chat_id, user_id)`.all(em);
        const told = due.filter(({ isUnread }) => isUnread).map(({ chatId, userId }) => ({ chatId, userId }));
        if (told.length) await this.outbox.recordAll('chat.told', told);
        return due.length;
      });
    } while (taken === slice);
  }

  private async update(fileId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const messages = await sql<{ chatId: string; seq: number; members: string[] }>`
        select m.chat_id as "chatId", m.seq, array(select user_id::text from chat_members where chat_id = m.chat_id) as members
        from messages m where m.file_id = ${fileId} order by m.id desc limit ${maxUpdated}`.all(em);
      for (const { members, ...message } of messages) await this.live.record(members, 'message.updated', message);
    });
  }
}

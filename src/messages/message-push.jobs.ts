import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { Outbox } from '../platform/events/outbox.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { ForegroundUsers } from '../presence/foreground-users.service.js';
import { PushSender } from '../push/push-sender.service.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { isActive } from '../visibility/accounts.js';
import { notBlocked, notMuted } from '../visibility/relations.js';
import { unreadOf } from './unread.js';

interface Unread extends OwnerRow {
  seq: number;
  id: string;
  type: string;
  /** Null unless the reader wants it on their lock screen. */
  text: string | null;
}
const shownText = sql.raw('200');

/** Pushes what stays unread. */
@Injectable()
export class MessagePushJobs {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly sender: PushSender,
    private readonly foreground: ForegroundUsers,
    private readonly limiter: RateLimiter,
  ) {}

  /** To each browser in a job of its own: one that fails does not repeat it to the others. */
  @OnEvent('push-messages')
  async toBrowsers({ chatId, userId }: EventOf<'chat.told'>): Promise<void> {
    if (!(await this.unread(chatId, userId))) return;
    const due = (await this.sender.of(userId)).map((subscriptionId) => ({ chatId, userId, subscriptionId }));
    if (!due.length || !(await this.limiter.allows('chat-pushes', `${chatId}:${userId}`))) return;
    if (await this.limiter.allows('message-pushes', userId))
      await this.em.transactional(() => this.outbox.recordAll('push.due', due));
  }

  /** One push per chat: a later one takes its place. */
  @OnEvent('push-to-browser')
  async toBrowser({ chatId, userId, subscriptionId }: EventOf<'push.due'>): Promise<void> {
    const unread = await this.unread(chatId, userId);
    if (!unread) return;
    const { seq, id, type, text, ...partner } = unread;
    const topic = Buffer.from(chatId.replaceAll('-', ''), 'hex').toString('base64url');
    await this.sender.push(subscriptionId, topic, {
      kind: 'message',
      chat: { id: chatId, type: 'direct', with: ownerAnswer(partner) },
      message: { id, seq, type, ...(text && { text }) },
    });
  }

  /** The latest; nothing if all was read or deleted, the chat or its other member muted, or a device is in the foreground. */
  private async unread(chatId: string, userId: string): Promise<Unread | undefined> {
    const reader = sql.ident<string>('me.user_id');
    const [unread] = await sql<Unread>`
      select p.id as "userId", p.username, p.display_name as "displayName", p.profile_photo_id as "profilePhotoId",
        m.seq, m.id, m.type, case when u.push_text then left(m.text, ${shownText}) end as text
      from chat_members me
      join users u on u.id = me.user_id and ${isActive()}
      join users p on p.id = me.partner_id and ${isActive('p')}
      cross join lateral (select x.* ${unreadOf('me')} order by x.seq desc limit 1) m
      left join notification_preferences n on n.user_id = me.user_id and n.kind = 'message'
      where me.chat_id = ${chatId} and me.user_id = ${userId} and me.folder = 'inbox'
        and coalesce(me.muted_until < now(), true) and coalesce(n.push, true)
        and ${notBlocked(reader, 'p.id')} and ${notMuted(reader, 'p.id')}`.all(this.em);
    return unread && (await this.foreground.of([userId])).size === 0 ? unread : undefined;
  }
}

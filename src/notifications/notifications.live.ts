import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { Renders, type Told } from '../platform/realtime/renders.js';
import { NotificationsQueries } from './notifications.queries.js';
import { NotificationChanged, NotificationsRead } from './notifications.schemas.js';

/** What sockets are told of notifications. */
@Injectable()
export class NotificationsLive {
  constructor(private readonly queries: NotificationsQueries) {}

  @Renders('notification.changed', NotificationChanged)
  async changed(told: Told<'notification.changed'>[]): Promise<z.infer<typeof NotificationChanged>[]> {
    const asked = told.map(({ userId, ids: { id } }) => ({ userId, id }));
    const [notifications, unread] = await Promise.all([this.queries.current(asked), this.unread(told)]);
    return asked.map(({ id, userId }, i) => ({
      id,
      notification: notifications[i]!,
      unreadCount: unread.get(userId)!,
    }));
  }

  @Renders('notifications.read', NotificationsRead)
  async read(told: Told<'notifications.read'>[]): Promise<z.infer<typeof NotificationsRead>[]> {
    const unread = await this.unread(told);
    return told.map(({ userId, ids: { upTo } }) => ({ upTo, unreadCount: unread.get(userId)! }));
  }

  private async unread(told: readonly { userId: string }[]): Promise<Map<string, number>> {
    const userIds = [...new Set(told.map(({ userId }) => userId))];
    const counts = await this.queries.unreadOf(userIds);
    return new Map(userIds.map((userId, i) => [userId, counts[i]!]));
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { sql } from '../platform/database/sql.js';
import { decodeCursor } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import { Live } from '../platform/realtime/live.js';
import { shownTo } from './notification-view.js';
import { newest } from './notifications.queries.js';

/** Marked as read in one transaction. */
const maxRead = 2_000;

@Injectable()
export class NotificationsService {
  constructor(
    private readonly em: EntityManager,
    private readonly live: Live,
  ) {}

  /** @throws {Problem} `notification_not_found` */
  markRead(userId: string, id: string): Promise<void> {
    return this.em.transactional(async (em) => {
      const [read] = await sql<{ isNew: boolean }>`
        update notifications n set read_at = coalesce(n.read_at, now())
        where n.id = ${id} and ${shownTo(userId)} returning old.read_at is null as "isNew"`.all(em);
      if (!read) throw new Problem('notification_not_found');
      if (read.isNew) await this.live.record([userId], 'notification.changed', { id });
    });
  }

  /**
   * That item and all older ones; what arrived or grew meanwhile stays unread.
   * @throws {Problem} `validation_failed`
   */
  async markReadUpTo(userId: string, upTo: string): Promise<void> {
    const [position, id] = decodeCursor(upTo, newest.name, z.tuple([z.int(), z.uuid()]))!;
    let found: number;
    do {
      found = await this.em.transactional(async (em) => {
        const [slice] = await sql<{ found: number; read: number }>`
          with found as materialized (
              select id from notifications
              where user_id = ${userId} and in_app and read_at is null
                and (position, id) <= (${position}::bigint, ${id}::uuid)
              order by position desc, id desc limit ${maxRead}),
            read as (
              update notifications set read_at = now()
              where id = any(array(select id from found)) and read_at is null returning 1)
          select (select count(*)::int from found) as found, (select count(*)::int from read) as read`.all(em);
        if (slice!.read) await this.live.record([userId], 'notifications.read', { upTo });
        return slice!.found;
      });
    } while (found === maxRead);
  }

  /**
   * Removes it for good. That of a published media is only hidden: whoever publishes it anew must find that this user was
   * told of it.
   */
  async dismiss(userId: string, id: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const hidden = await sql`
        update notifications set in_app = false, read_at = coalesce(read_at, now())
        where id = ${id} and user_id = ${userId} and in_app and kind = 'media_published' returning 1`.all(em);
      if (hidden.length) await this.live.record([userId], 'notification.changed', { id });
      else await sql`delete from notifications where id = ${id} and user_id = ${userId} and in_app`.all(em);
      this.live.expect();
    });
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { sql } from '../platform/database/sql.js';
import { decodeCursor } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import { newest, shownTo } from './notifications.queries.js';

@Injectable()
export class NotificationsService {
  constructor(private readonly em: EntityManager) {}

  /** @throws {Problem} `notification_not_found` */
  async markRead(userId: string, id: string): Promise<void> {
    const rows = await sql`
      update notifications n set read_at = coalesce(n.read_at, now())
      where n.id = ${id} and ${shownTo(userId)} returning 1`.all(this.em);
    if (!rows.length) throw new Problem('notification_not_found');
  }

  /**
   * That item and all older ones; what arrived or grew meanwhile stays unread.
   * @throws {Problem} `validation_failed`
   */
  async markReadUpTo(userId: string, upTo: string): Promise<void> {
    const [position, id] = decodeCursor(upTo, newest.name, z.tuple([z.int(), z.uuid()]))!;
    await sql`
      update notifications set read_at = now()
      where user_id = ${userId} and read_at is null and (position, id) <= (${position}::bigint,
        ${id}::uuid)`.all(this.em);
  }

  /** Removes it for good. */
  async dismiss(userId: string, id: string): Promise<void> {
    await sql`delete from notifications where id = ${id} and user_id = ${userId}`.all(this.em);
  }
}

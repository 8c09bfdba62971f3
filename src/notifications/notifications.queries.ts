import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { afterCursor, keyOf, keysetPage, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { encodeCursor, type SinceQuery } from '../platform/http/page.js';
import {
  all,
  group,
  metEntry,
  NotificationView,
  shown,
  shownTo,
  single,
  type Item,
  type NotificationRow,
} from './notification-view.js';
import type { NotificationsQuery } from './notifications.schemas.js';

export const newest: Keyset = {
  name: 'notifications',
  columns: [
    [sql.raw('n.position'), 'bigint'],
    [sql.raw('n.id'), 'uuid'],
  ],
  direction: 'desc',
};
/** The order for items after `since`. */
const newer: Keyset = { ...newest, direction: 'asc' };

/** Counting stops here: each one needs a check of who may see what. */
export const maxUnread = 1_000;

@Injectable()
export class NotificationsQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly view: NotificationView,
  ) {}

  /**
   * The latest activity first. A notification that grows during paging does not appear again further down: `since`
   * finds it.
   */
  list(userId: string, { filter, kind, ...query }: NotificationsQuery) {
    const where = sql<boolean>`${filter === 'unread' ? sql`n.read_at is null` : sql`true`}
      and ${kind ? sql`n.kind = ${kind}` : sql`true`}`;
    return this.page(userId, single, where, query);
  }

  /** Each group once, at its latest item: of all days, read or not. */
  grouped(userId: string, query: SinceQuery) {
    const where = sql<boolean>`not exists (select from (${all}) g where g.position > n.position
      and ${existsByKey(metEntry(userId, 'g'))})`;
    return this.page(userId, group, where, query);
  }

  private async page(userId: string, item: Item, where: Statement<boolean>, { limit, cursor, since }: SinceQuery) {
    const { columns, joins } = shown(userId, item);
    const found = sql<NotificationRow & Keyed>`
      select ${columns}, ${keyOf(newest)}
      from notifications n ${joins}
      where ${shownTo(userId)} and ${where} and ${afterCursor(newest, cursor)}
        and ${afterCursor(newer, since, 'since')}`;
    const rows = await pageOf(found, newest, limit).all(this.em);
    return {
      ...keysetPage(newest, rows, limit, (row) => this.view.of(row, userId)),
      newestCursor: rows[0] ? encodeCursor(newest.name, rows[0].key) : (since ?? null),
    };
  }

  /** As many as the list of unread ones has, up to `maxUnread`. */
  async unread(userId: string): Promise<number> {
    const rows = await sql<{ count: number }>`
      select count(*)::int as count from (
        select 1 from notifications n where ${shownTo(userId)} and n.read_at is null limit ${maxUnread}) n`.all(
      this.em,
    );
    return rows[0]!.count;
  }

  /** The same of many users, in their order. */
  async unreadOf(userIds: readonly string[]): Promise<number[]> {
    const rows = await sql<{ count: number }>`
      select (select count(*)::int from (
          select 1 from notifications n where ${shownTo(sql.ident('w.user_id'))} and n.read_at is null limit ${maxUnread}) n) as count
      from unnest(${userIds}::uuid[]) with ordinality as w (user_id, place) order by w.place`.all(this.em);
    return rows.map(({ count }) => count);
  }

  /** Notifications as their users see them now; null for what is gone or hidden. */
  async current(asked: readonly { userId: string; id: string }[]) {
    const userId = sql.ident<string>('w.user_id');
    const { columns, joins } = shown(userId, single);
    const rows = await sql<NotificationRow & { place: number }>`
      select ${columns}, w.place::int as place
      from unnest(${asked.map((one) => one.userId)}::uuid[], ${asked.map((one) => one.id)}::uuid[])
        with ordinality as w (user_id, id, place)
      join notifications n on n.id = w.id ${joins}
      where ${shownTo(userId)}`.all(this.em);
    const answers = asked.map((): ReturnType<NotificationView['of']> | null => null);
    for (const { place, ...row } of rows) answers[place - 1] = this.view.of(row, asked[place - 1]!.userId);
    return answers;
  }
}

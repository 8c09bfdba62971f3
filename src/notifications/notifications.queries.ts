import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import {
  afterCursor,
  keyOf,
  keysetPage,
  orderOf,
  pageOf,
  type Keyed,
  type Keyset,
} from '../platform/database/keyset.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { once } from '../platform/database/once.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { encodeCursor, type SinceQuery } from '../platform/http/page.js';
import {
  all,
  group,
  isListOf,
  isUnread,
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
const maxUnread = sql.raw('100');
/** So many are looked at: others decide how many of a list are hidden, which it passes over. */
const windowSize = sql.raw('1000');
/** Users whose unread ones are counted by one statement. */
const slice = 100;
/** Statements of one request; a page that is still short then has a cursor all the same. */
const maxWindows = 4;

interface Asked {
  item: Item;
  /** On a notification `n`: an index has what meets it, in order. */
  within: Statement<boolean>;
  /** And this is checked row by row. */
  where: Statement<boolean>;
}
type Seen = NotificationRow & Keyed & { isShown: boolean; isLast: boolean };
const any = sql<boolean>`true`;

/**
 * The latest notifications `n` of a list, and whether each is shown, as `v.is_shown`. `offset 0`: that is asked once for
 * each row, in this order, and only as far as rows are needed.
 */
const latest = (userId: string | Statement<string>, within: Statement<boolean>, where: Statement<boolean>) => sql`(
  select n.*, row_number() over (order by ${orderOf(newest)}) as place from notifications n
  where ${isListOf(userId)} and ${within} order by ${orderOf(newest)} limit ${windowSize}) n
  cross join lateral (select ${shownTo(userId)} and ${where} as is_shown offset 0) v`;

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
    const isOfKind = kind ? sql<boolean>`n.kind = ${kind}` : any;
    // Each has an index, both together have none.
    const asked = filter === 'unread' ? { within: isUnread, where: isOfKind } : { within: isOfKind, where: any };
    return this.page(userId, { item: single, ...asked }, query);
  }

  /** Each group once, at its latest item: of all days, read or not. */
  grouped(userId: string, query: SinceQuery) {
    const where = sql<boolean>`not exists (select from (${all}) g where g.position > n.position
      and ${existsByKey(metEntry(userId, 'g'))})`;
    return this.page(userId, { item: group, within: any, where }, query);
  }

  private async page(userId: string, asked: Asked, { limit, cursor, since }: SinceQuery) {
    const found: Seen[] = [];
    let from = cursor;
    let next: string | null = null;
    for (let window = 0; window < maxWindows; window++) {
      const rows = await this.window(userId, asked, { limit: limit - found.length, cursor: from, since });
      found.push(...rows.filter(({ isShown }) => isShown));
      const last = rows.at(-1);
      next = last?.isLast ? encodeCursor(newest.name, last.key) : null;
      if (next === null || found.length > limit) break;
      from = next;
    }
    const { items, nextCursor } = keysetPage(newest, found, limit, (row) => this.view.of(row, userId));
    return {
      items,
      nextCursor: nextCursor ?? next,
      newestCursor: found[0] ? encodeCursor(newest.name, found[0].key) : (since ?? null),
    };
  }

  /** Of the window's rows those that are shown, and in any case its last: from there, the next one goes on. */
  private window(userId: string, { item, within, where }: Asked, { limit, cursor, since }: SinceQuery) {
    const { columns, joins } = shown(userId, item);
    const bounds = sql<boolean>`${afterCursor(newest, cursor)} and ${afterCursor(newer, since, 'since')}`;
    const found = sql<Seen>`
      select ${columns}, v.is_shown as "isShown", n.place = ${windowSize} as "isLast", ${keyOf(newest)}
      from ${latest(userId, sql<boolean>`${within} and ${bounds}`, where)} ${joins}
      where v.is_shown or n.place = ${windowSize}`;
    return pageOf(found, newest, limit).all(this.em);
  }

  async unread(userId: string): Promise<number> {
    const [count] = await this.unreadOf([userId]);
    return count!;
  }

  /**
   * Of the latest unread ones of each user how many are shown, up to `maxUnread`, in the order of the users. A slice at
   * a time: together they may take seconds, but no statement does.
   */
  async unreadOf(userIds: readonly string[]): Promise<number[]> {
    const counts: number[] = [];
    for (let i = 0; i < userIds.length; i += slice) {
      const some = once(sql`${userIds.slice(i, i + slice)}::uuid[]`);
      const rows = await sql<{ count: number }>`
        select (select count(*)::int from (
            select from ${latest(sql.ident<string>('w.user_id'), isUnread, any)} where v.is_shown
            limit ${maxUnread}) counted) as count
        from unnest(${some}) with ordinality as w (user_id, place) order by w.place`.all(this.em);
      counts.push(...rows.map(({ count }) => count));
    }
    return counts;
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

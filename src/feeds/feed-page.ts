import { sql, type Statement } from '../platform/database/sql.js';
import type { Keyset } from '../platform/database/keyset.js';
import { decodeCursor, encodeCursor, type Page } from '../platform/http/page.js';
import { z } from 'zod';
import type { FeedQuery } from './feeds.schemas.js';

/** All feeds have one order: that of commits, the latest first. A cursor of one is a cursor of any. */
export const latest: Keyset = { name: 'feed', columns: [[sql.raw('a.seq'), 'bigint']], direction: 'desc' };
const place = z.tuple([z.int()]);

/** Which activities a request asks for. */
export interface Wanted {
  /** Below the cursor, and above `since`. @param seq the column that has the number */
  bounds: (seq: Statement) => Statement<boolean>;
  /** Nothing is asked for up to this number. */
  above: number;
  /** One more than a page. In the text, in one of two sizes: see `pageOf`. */
  rows: Statement;
  isOfType: Statement<boolean>;
}

/** @throws {Problem} `validation_failed` */
export function wanted({ limit, cursor, since, type }: FeedQuery): Wanted {
  const below = decodeCursor(cursor, latest.name, place)?.[0];
  const above = decodeCursor(since, latest.name, place, 'since')?.[0] ?? 0;
  return {
    above,
    bounds: (seq) => sql<boolean>`(
      ${below === undefined ? sql`true` : sql`${seq} < ${below}::bigint`} and ${seq} > ${above}::bigint)`,
    rows: limit <= 20 ? sql.raw('21') : sql.raw('101'),
    isOfType: type === 'any' ? sql<boolean>`true` : sql<boolean>`a.type = ${sql.word(type)}`,
  };
}

/** @param items of a page that were asked for with their `seq`, which is not shown */
export function withNewest<T extends { seq: number }>({ items, nextCursor }: Page<T>, since: string | undefined) {
  const newest = items[0] ? encodeCursor(latest.name, [items[0].seq]) : (since ?? null);
  return { items: items.map(({ seq: _, ...item }) => item), nextCursor, newestCursor: newest };
}

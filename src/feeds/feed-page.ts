import { z } from 'zod';
import { sql, type Statement } from '../platform/database/sql.js';
import type { Keyset } from '../platform/database/keyset.js';
import { decodeCursor, encodeCursor } from '../platform/http/page.js';
import type { FeedQuery } from './feeds.schemas.js';

/** All feeds have one order, that of commits, the latest first. A cursor of one is valid for the others. */
export const latest: Keyset = { name: 'feed', columns: [[sql.raw('a.seq'), 'bigint']], direction: 'desc' };
const place = z.tuple([z.int()]);
export const cursorAt = (seq: number) => encodeCursor(latest.name, [seq]);

/** Which activities a request asks for. */
export interface Wanted {
  limit: number;
  /** Only numbers between the two, both excluded. */
  below: number;
  above: number;
  isFirst: boolean;
  /** @param seq the column that has the number */
  bounds: (seq: Statement) => Statement<boolean>;
  /** One more than a page. In the text, in one of two sizes: see `pageOf`. */
  rows: Statement;
  /** A condition on `a`. */
  isOfType: Statement<boolean>;
  /** The same below another number. */
  from: (below: number) => Wanted;
}

/** @throws {Problem} `validation_failed` */
export function wanted({ limit, cursor, since, type }: FeedQuery): Wanted {
  const below = decodeCursor(cursor, latest.name, place)?.[0] ?? Number.MAX_SAFE_INTEGER;
  const above = decodeCursor(since, latest.name, place, 'since')?.[0] ?? 0;
  const of = (under: number): Wanted => ({
    limit,
    below: under,
    above,
    isFirst: cursor === undefined,
    bounds: (seq) => sql<boolean>`(${seq} < ${under}::bigint and ${seq} > ${above}::bigint)`,
    rows: limit <= 20 ? sql.raw('21') : sql.raw('101'),
    isOfType: type === 'any' ? sql<boolean>`true` : sql<boolean>`a.type = ${sql.word(type)}`,
    from: of,
  });
  return of(below);
}

/** For the next `since`. @param first of a page's items */
export const newestOf = (first: { seq: number } | undefined, since: string | undefined): string | null =>
  first ? cursorAt(first.seq) : (since ?? null);

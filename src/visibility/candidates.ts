import { keysetPage, orderOf, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { ownersFoundBy, reachOf } from './reach.js';
import { encodeCursor, type Page } from '../platform/http/page.js';
import type { ViewerId } from './relations.js';

/**
 * A page of a list of everybody's things, however many of them are hidden from the viewer (docs/decisions/0021). First a
 * bounded number of things is looked at, in the order of the list. Where too many of these are hidden, the page is read
 * again: what everybody finds, and by owner what only followers find.
 */

/** Rows of things, from indexes in the order of `keyset`. */
export interface Rows {
  from: Statement;
  /** Columns of the thing's id, its owner, and who finds it. */
  id: Statement;
  owner: Statement;
  reach: Statement;
  keyset: Keyset;
  /** Filters that an index narrows, and where the page begins. */
  where: Statement<boolean>[];
  /** Filters that are asked row by row. */
  filters?: Statement<boolean>[];
}

export interface Candidates {
  /** What everybody finds. */
  open: Rows;
  /** What followers find, by owner: `o.id` is one. */
  closed: Rows;
  /** The same of all owners, without filters that no index has; null if no index has it in this order. */
  near: Rows | null;
  /** THE rule. @param id of the thing */
  isListed: (id: Statement) => Statement<boolean>;
}

/** So many are looked at, for a page of at most half of them. */
const maxFirst = sql.raw('200');
/** Of what everybody finds, no more is read for a page: it ends there, short or empty, and its cursor goes on. */
const maxWalked = sql.raw('10000');

const keys = ['k0', 'k1'];
/** The order of candidates, by their columns `k0` and `k1`. */
export const orderOfCandidates = (keyset: Keyset, ...alias: [] | ['c']): Keyset => ({
  ...keyset,
  columns: keyset.columns.map(([, kind], i) => [sql.ident(...alias, keys[i]!), kind] as const),
});

const keysOf = ({ columns }: Keyset) =>
  sql.join(columns.map(([column], i) => sql`${column} as ${sql.ident(keys[i]!)}`));

const select = (
  { from, id, reach, keyset, where, filters = [] }: Rows,
  reached: Statement,
  more: Statement<boolean>[],
) => sql`
  select ${id} as id, ${keysOf(keyset)}, false as is_end
  from ${from} where ${sql.join([sql`${reach} = ${reached}`, ...where, ...filters, ...more], ' and ')}`;

/** The same, of the first `maxWalked` rows. The last of these is among them in any case, as `is_end`. */
const walk = (
  { from, id, reach, keyset, where, filters = [] }: Rows,
  reached: Statement,
  more: Statement<boolean>[],
) => sql`
  select w.id, ${sql.join(keyset.columns.map((_, i) => sql.ident('w', keys[i]!)))}, w.is_end from (
    select ${id} as id, ${keysOf(keyset)}, row_number() over (order by ${orderOf(keyset)}) = ${maxWalked} as is_end,
      ${sql.join([sql`true`, ...filters, ...more], ' and ')} as is_met
    from ${from} where ${sql.join([sql`${reach} = ${reached}`, ...where], ' and ')}
    order by ${orderOf(keyset)} limit ${maxWalked}) w
  where w.is_met or w.is_end`;

/** The rule is asked for a candidate `c`, unless `c.is_cut`: no more was read, and the list goes on behind it. */
export const isCandidate = (rule: Statement<boolean>[]): Statement<boolean> =>
  sql<boolean>`(c.is_cut or ${sql.join(rule, ' and ')})`;

/**
 * Candidates, as rows with the thing's `id`, the columns of `orderOfCandidates`, and `is_cut`.
 * @param byOwner all of the page, and listed
 */
export function candidatesOf(viewer: ViewerId, candidates: Candidates, limit: number, byOwner: boolean): Statement {
  return byOwner ? allOf(viewer, candidates, limit) : firstOf(viewer, candidates);
}

/** Whether what `candidatesOf` found first is not enough to know the page. */
export const isToReadByOwner = (viewer: ViewerId, found: { isCut: boolean }[]): boolean =>
  found.some(({ isCut }) => isCut) || (viewer === null && found.length === 0);

/** A page that ends where no more was read. @param rows of `candidatesOf`, one more than `limit` was asked for */
export function pageAmongCandidates<R extends Keyed & { isCut: boolean }, T>(
  keyset: Keyset,
  rows: R[],
  limit: number,
  toItem: (row: R) => T,
): Page<T> {
  const end = rows.findIndex(({ isCut }) => isCut);
  if (end < 0) return keysetPage(keyset, rows, limit, toItem);
  return { items: rows.slice(0, end).map(toItem), nextCursor: encodeCursor(keyset.name, rows[end]!.key) };
}

function firstOf(viewer: ViewerId, { open, near }: Candidates): Statement {
  const order = orderOf(orderOfCandidates(open.keyset));
  const first = (rows: Rows, reach: Statement) =>
    rows.filters?.length
      ? sql`(${walk(rows, reach, [])} order by ${order} limit ${maxFirst})`
      : sql`(${select(rows, reach, [])} order by ${orderOf(rows.keyset)} limit ${maxFirst})`;
  const last = sql`(is_end or row_number() over (order by ${order}) = ${maxFirst})`;
  return viewer === null || !near
    ? sql`select c.*, ${last} or (select count(*) from (${ownersFoundBy(null)}) o) > 0 as is_cut from ${first(open, reachOf.all)} c`
    : sql`select c.*, ${last} as is_cut from (
        ${first(open, reachOf.all)} union all ${first(near, reachOf.followers)} order by ${order} limit ${maxFirst}) c`;
}

function allOf(viewer: ViewerId, { open, closed, isListed }: Candidates, limit: number): Statement {
  const order = orderOf(orderOfCandidates(open.keyset, 'c'));
  const opened = pageOf(walk(open, reachOf.all, [isListed(open.id)]), orderOfCandidates(open.keyset), limit);
  const ofOwner = pageOf(select(closed, reachOf.followers, [sql`${closed.owner} = o.id`]), closed.keyset, limit);
  // In order first: the rule is asked until the page is full.
  return pageOf(
    sql`select c.*, c.is_end as is_cut from (
        select c.* from (
          (${opened}) union all
          select p.* from (${ownersFoundBy(viewer)}) o cross join lateral (${ofOwner}) p) c
        order by ${order} offset 0) c
      where (c.is_end or ${isListed(sql`c.id`)})`,
    orderOfCandidates(open.keyset, 'c'),
    limit,
  );
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql, type Statement } from '../platform/database/sql.js';
import { afterCursor, keyOf, keysetPage, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import type { Page, PageQuery } from '../platform/http/page.js';
import { fileJson } from './file-answers.service.js';
import type { MediaAnswer, OrderedQuery, Sort } from './media.schemas.js';
import { MediaViews, type MediaRow } from './media.answer.js';
import { mediaCounts } from './visible-counts.js';
import {
  candidatesOf,
  isCandidate,
  isToReadByOwner,
  orderOfCandidates,
  pageAmongCandidates,
  type Candidates,
} from '../visibility/candidates.js';
import { isOpen, listedFor, visibleTo } from '../visibility/medias.js';
import { notBlocked, type ViewerId } from '../visibility/relations.js';
import { isActive, isNamed } from '../visibility/accounts.js';

/** The viewer's own reaction, save and repost. */
const standing = (viewer: ViewerId) =>
  viewer === null
    ? sql`null as viewer`
    : sql`json_build_object(
        'reaction', (select x.emoji from reactions x where x.media_id = m.id and x.user_id = ${viewer}),
        'saved', ${existsByKey(sql`from saves x where x.media_id = m.id and x.user_id = ${viewer}`)},
        'reposted', ${existsByKey(sql`from reposts x where x.media_id = m.id and x.user_id = ${viewer}`)}) as viewer`;

/** Everything a media shows, as columns of `m` (medias) and `u` (its owner). One statement, whatever the page size. */
const columns = (viewer: ViewerId) => sql`
  m.id, m.url, m.type, m.title, m.description, m.visibility, m.status, m.created_at as "createdAt", m.updated_at as "updatedAt",
  ${isOpen()} as open, u.id as "userId", u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId",
  ${mediaCounts(viewer)} as counts,
  ${standing(viewer)},
  array(select a.username from media_mentions mm join users a on a.id = mm.user_id
    where mm.media_id = m.id and ${isActive('a')} and ${notBlocked(viewer, 'a.id')} order by mm.id) as mentions,
  array(select t.name from media_tags mt join tags t on t.id = mt.tag_id where mt.media_id = m.id order by mt.created_at, t.name) as tags,
  (select coalesce(json_agg(${fileJson} order by mf.position), '[]')
    from media_files mf join files f on f.id = mf.file_id where mf.media_id = m.id) as files`;

/** Where a list of medias comes from. Rows are `m` (medias) and `u` (their owners). */
export interface MediaSource {
  keyset: Keyset;
  /** Another relation joined to `m`: `join saves s on s.media_id = m.id`. */
  join?: Statement<unknown>;
  /** Who may see what in it: `listedFor` or `visibleTo`, and the list's own conditions. */
  where: Statement<boolean>[];
}

/** Extra fields beside each media of a list: columns to select, and their mapping. */
interface More<R, M> {
  columns: Statement<R>;
  of: (row: R) => M;
}

/**
 * @param count the sort column before the id
 * @param id column of the medias' id, in the relation whose index has this order
 */
export const mediaOrder = (name: string, direction: Keyset['direction'], count?: Statement, id = 'm.id'): Keyset => ({
  name,
  columns: [...(count ? [[count, 'int'] as const] : []), [sql.ident(id), 'uuid']],
  direction,
});
/** All medias, for `Candidates`. */
export const mediaRows = { from: sql`medias m`, id: sql`m.id`, owner: sql`m.owner_id`, reach: sql`m.reach` };
export const isByTime = (sort: Sort) => sort === 'newest' || sort === 'oldest';

const ordersBy = (id: string, views: Statement, likes: Statement): Record<Sort, Keyset> => ({
  newest: mediaOrder('newest', 'desc', undefined, id),
  oldest: mediaOrder('oldest', 'asc', undefined, id),
  'most-viewed': mediaOrder('most-viewed', 'desc', views, id),
  'least-viewed': mediaOrder('least-viewed', 'asc', views, id),
  'most-liked': mediaOrder('most-liked', 'desc', likes, id),
});
export const mediaOrders = ordersBy('m.id', sql`m.views_count`, sql`m.likes_count`);
/**
 * For sorting few medias that were already found. `+ 0` hides the counters from their indexes: the planner must sort
 * the found rows instead of scanning all medias in index order.
 * @param id as above
 */
export const ordersOfFound = (id: string) => ordersBy(id, sql`(m.views_count + 0)`, sql`(m.likes_count + 0)`);

/**
 * The filters of a list of `m`, as conditions.
 * @param of the relation with owner and type: `medias`, or `media_tags`
 */
export function mediaFilters(
  viewer: ViewerId,
  { type, username, sort }: Pick<OrderedQuery, 'type' | 'username' | 'sort'>,
  of: 'm' | 'mt' = 'm',
): Statement<boolean>[] {
  const filters: Statement<boolean>[] = [];
  // For one user by a counter, disables the type index: the planner would sort all rows of that type.
  const unindexed = of === 'm' && username !== undefined && !isByTime(sort);
  const column = sql.ident(of, 'type');
  // A literal, not a parameter: the planner picks the better index by how rare the type is.
  if (type !== 'any') filters.push(sql`${unindexed ? sql`(${column} || '')` : column} = ${sql.word(type)}`);
  const owner = sql.ident(of, 'owner_id');
  if (username === 'me') filters.push(sql`${owner} = ${viewer}`);
  else if (username !== undefined)
    filters.push(sql`${owner} = (select id from users where ${isNamed(username, 'users')})`);
  return filters;
}

/** Reads medias, each page in one statement whatever its size. */
@Injectable()
export class MediaReader {
  constructor(
    private readonly em: EntityManager,
    private readonly views: MediaViews,
  ) {}

  async byUrl(viewer: ViewerId, url: string): Promise<MediaAnswer | null> {
    const rows = await sql<MediaRow>`
      select ${columns(viewer)} from medias m join users u on u.id = m.owner_id
      where m.url = ${url} and ${visibleTo(viewer)}`.all(this.em);
    return rows[0] ? this.views.of(rows[0], viewer) : null;
  }

  /** A bounded number of medias, at once. @param join as in `MediaSource` @param order for `order by` */
  async all<R extends object, M extends object>(
    viewer: ViewerId,
    join: Statement<unknown>,
    order: Statement<unknown>,
    more: More<R, M>,
  ): Promise<(MediaAnswer & M)[]> {
    const rows = await sql<MediaRow & R>`
      select ${columns(viewer)}, ${more.columns}
      from medias m join users u on u.id = m.owner_id ${join} order by ${order}`.all(this.em);
    return rows.map((row) => ({ ...this.views.of(row, viewer), ...more.of(row) }));
  }

  /**
   * A bounded number of medias, and facts beside them, even if there are none.
   * @param parts for `with recursive`
   * @param source a relation of those parts, as `a`, with a column `media_id`
   */
  async beside<F extends object, R extends object, M extends object>(
    viewer: ViewerId,
    { parts, source, facts, order }: { parts: Statement; source: Statement; facts: Statement<F>; order: Statement },
    more: More<R, M>,
  ): Promise<{ facts: F; medias: (MediaAnswer & M)[] }> {
    const rows = await sql<MediaRow & R & F>`
      with recursive ${parts}
      select facts.*, ${columns(viewer)}, ${more.columns} from (select ${facts}) facts
      left join (${source} a join medias m on m.id = a.media_id join users u on u.id = m.owner_id) on true
      order by ${order}`.all(this.em);
    const medias = rows.filter(({ id }) => id !== null);
    return { facts: rows[0]!, medias: medias.map((row) => ({ ...this.views.of(row, viewer), ...more.of(row) })) };
  }

  /** A page of everybody's medias. @param filters conditions on `m` that not all candidates fulfil */
  async pageAmong(
    viewer: ViewerId,
    candidates: Candidates,
    limit: number,
    filters: Statement<boolean>[] = [],
    byOwner = viewer !== null && !candidates.near,
  ): Promise<Page<MediaAnswer>> {
    const keyset = orderOfCandidates(candidates.open.keyset, 'c');
    const found = sql<MediaRow & Keyed & { isCut: boolean }>`
      select ${columns(viewer)}, c.is_cut as "isCut", ${keyOf(keyset)}
      from (${candidatesOf(viewer, candidates, limit, byOwner)}) c
      join medias m on m.id = c.id join users u on u.id = m.owner_id
      where ${isCandidate([listedFor(viewer, false), ...filters])}`;
    const rows = await pageOf(found, keyset, limit).all(this.em);
    if (!byOwner && isToReadByOwner(viewer, rows)) return this.pageAmong(viewer, candidates, limit, filters, true);
    return pageAmongCandidates(keyset, rows, limit, (row) => this.views.of(row, viewer));
  }

  page(viewer: ViewerId, source: MediaSource, query: PageQuery): Promise<Page<MediaAnswer>>;
  page<R extends object, M extends object>(
    viewer: ViewerId,
    source: MediaSource,
    query: PageQuery,
    more: More<R, M>,
  ): Promise<Page<MediaAnswer & M>>;
  async page<R extends object, M extends object>(
    viewer: ViewerId,
    { keyset, join = sql``, where }: MediaSource,
    { limit, cursor }: PageQuery,
    more?: More<R, M>,
  ) {
    const conditions = [...where, afterCursor(keyset, cursor)];
    const found = sql<MediaRow & Keyed & R>`
      select ${columns(viewer)}, ${more ? sql`${more.columns}, ` : sql``}${keyOf(keyset)}
      from medias m join users u on u.id = m.owner_id ${join} where ${sql.join(conditions, ' and ')}`;
    const rows = await pageOf(found, keyset, limit).all(this.em);
    return keysetPage(keyset, rows, limit, (row) => ({ ...this.views.of(row, viewer), ...more?.of(row) }));
  }
}

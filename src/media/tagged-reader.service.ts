import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { afterCursor } from '../platform/database/keyset.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { isByTime, mediaFilters, mediaOrders, MediaReader, mediaRows, ordersOfFound } from './media-reader.service.js';
import type { OrderedQuery } from './media.schemas.js';
import { isListedMedia, listedFor } from '../visibility/medias.js';
import { reachOf } from '../visibility/reach.js';
import type { ViewerId } from '../visibility/relations.js';

/** When sorted by time, the tag's own indexes give the order. */
const orders = ordersOfFound('mt.media_id');
/**
 * Above it a tag counts as common: instead of sorting its medias, medias are read in sort order until enough have the
 * tag, or so many have been read that the page ends (visibility/candidates.ts).
 */
const maxCandidates = sql.raw('2000');
/** With fewer that only followers find, these are sorted, too: otherwise only those of whom the viewer follows. */
const maxClosed = sql.raw('100');
/** Of these, the latest of each owner are sorted. */
const maxOfOwner = sql.raw('200');

type Query = Omit<OrderedQuery, 'tag'>;
interface Tag {
  id: string;
  isCommon: boolean;
  hasFewClosed: boolean;
}

/** The medias of a tag. */
@Injectable()
export class TaggedReader {
  constructor(
    private readonly em: EntityManager,
    private readonly reader: MediaReader,
  ) {}

  /** Empty for an unknown tag; a tag that is only on hidden medias gives those the viewer may see. */
  async page(viewer: ViewerId, name: string, query: Query) {
    const tag = await this.find(name, query, viewer);
    if (!tag) return { items: [], nextCursor: null };
    return query.username === undefined ? this.ofAll(viewer, tag, query) : this.ofOwner(viewer, tag, query);
  }

  private ofAll(viewer: ViewerId, tag: Tag, { sort, limit, cursor, ...filter }: Query) {
    const keyset = orders[sort];
    const filters = mediaFilters(viewer, { ...filter, sort }, 'mt');
    const counted = sql`cross join lateral (
      select m.views_count, m.likes_count from medias m where m.id = mt.media_id offset 0) m`;
    const rows = {
      ...{ id: sql`mt.media_id`, owner: sql`mt.owner_id`, reach: sql`mt.reach`, keyset },
      from: isByTime(sort) ? sql`media_tags mt` : sql`media_tags mt ${counted}`,
      where: [sql<boolean>`mt.tag_id = ${tag.id}`, ...filters, afterCursor(keyset, cursor)],
    };
    const common = mediaOrders[sort];
    const open = tag.isCommon
      ? {
          ...{ ...mediaRows, keyset: common },
          where: [afterCursor(common, cursor)],
          filters: [isTagged(tag), ...mediaFilters(viewer, { ...filter, sort })],
        }
      : rows;
    const near = tag.hasFewClosed ? rows : null;
    // No index has the counters of an owner's medias with a tag.
    const closed = isByTime(sort)
      ? rows
      : {
          ...rows,
          from: sql`(select x.* from media_tags x
            where x.tag_id = ${tag.id} and x.owner_id = o.id and x.reach = ${reachOf.followers}
            order by x.media_id desc limit ${maxOfOwner}) mt ${counted}`,
        };
    const candidates = { open, closed, near, isListed: isListedMedia(viewer) };
    return this.reader.pageAmong(viewer, candidates, limit, [], tag.isCommon || (viewer !== null && !near));
  }

  private ofOwner(viewer: ViewerId, tag: Tag, { sort, limit, cursor, ...filter }: Query) {
    const isListed = listedFor(viewer, true);
    if (tag.isCommon) {
      const where = [isTagged(tag), isListed, ...mediaFilters(viewer, { ...filter, sort })];
      return this.reader.page(viewer, { keyset: mediaOrders[sort], where }, { limit, cursor });
    }
    const join = sql`join media_tags mt on mt.media_id = m.id and mt.tag_id = ${tag.id}`;
    const where = [isListed, ...mediaFilters(viewer, { ...filter, sort }, 'mt')];
    return this.reader.page(viewer, { keyset: orders[sort], join, where }, { limit, cursor });
  }

  /** How many of its medias would have to be sorted; none if the index gives the order. */
  private async find(name: string, { type, username, sort }: Query, viewer: ViewerId): Promise<Tag | undefined> {
    const filters = [sql`mt.tag_id = t.id`, ...mediaFilters(viewer, { type, username, sort }, 'mt')];
    const fewerThan = (most: Statement, more: Statement<boolean>[]) => sql<boolean>`
      (select count(*) from (select from media_tags mt where ${sql.join([...filters, ...more], ' and ')} limit ${most}) mt) < ${most}`;
    const isFound = (reach: Statement) => (username === undefined ? [sql<boolean>`mt.reach = ${reach}`] : []);
    const [isCommon, hasFewClosed] = isByTime(sort)
      ? [sql`false`, sql`true`]
      : [sql`not ${fewerThan(maxCandidates, isFound(reachOf.all))}`, fewerThan(maxClosed, isFound(reachOf.followers))];
    const rows = await sql<Tag>`
      select t.id, ${isCommon} as "isCommon", ${hasFewClosed} as "hasFewClosed" from tags t where t.name = ${name}`.all(
      this.em,
    );
    return rows[0];
  }
}

const isTagged = (tag: Tag): Statement<boolean> =>
  existsByKey(sql`from media_tags mt where mt.media_id = m.id and mt.tag_id = ${tag.id}`);

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { isByTime, mediaFilters, mediaOrders, MediaReader, ordersOfFound } from './media-reader.service.js';
import type { OrderedQuery } from './media.schemas.js';
import { listedFor } from '../visibility/medias.js';
import type { ViewerId } from '../visibility/relations.js';

/** When sorted by time, the tag's own indexes give the order. */
const orders = ordersOfFound('mt.media_id');
/**
 * Above it a tag counts as common: instead of sorting its medias, all medias are scanned in sort order until enough
 * have the tag.
 */
const maxCandidates = sql.raw('2000');

/** The medias of a tag. */
@Injectable()
export class TaggedReader {
  constructor(
    private readonly em: EntityManager,
    private readonly reader: MediaReader,
  ) {}

  /** Empty for an unknown tag; a tag that is only on hidden medias gives those the viewer may see. */
  async page(viewer: ViewerId, name: string, { type, username, sort, ...page }: Omit<OrderedQuery, 'tag'>) {
    const filter = { type, username, sort };
    const ofTag = mediaFilters(viewer, filter, 'mt');
    const tag = await this.find(name, isByTime(sort) ? null : ofTag);
    if (!tag) return { items: [], nextCursor: null };
    const isListed = listedFor(viewer, username !== undefined);
    const isTagged = sql`mt.media_id = m.id and mt.tag_id = ${tag.id}`;
    if (tag.isCommon) {
      const where = [existsByKey(sql`from media_tags mt where ${isTagged}`), isListed, ...mediaFilters(viewer, filter)];
      return this.reader.page(viewer, { keyset: mediaOrders[sort], where }, page);
    }
    const join = sql`join media_tags mt on ${isTagged}`;
    return this.reader.page(viewer, { keyset: orders[sort], join, where: [isListed, ...ofTag] }, page);
  }

  /** @param filters conditions on the medias that would have to be sorted; null if the index gives the order */
  private async find(
    name: string,
    filters: Statement<boolean>[] | null,
  ): Promise<{ id: string; isCommon: boolean } | undefined> {
    const isCommon = filters
      ? sql`(select count(*) from (select from media_tags mt where ${sql.join([sql`mt.tag_id = t.id`, ...filters], ' and ')}
          limit ${maxCandidates}) mt) = ${maxCandidates}`
      : sql`false`;
    const rows = await sql<{ id: string; isCommon: boolean }>`
      select t.id, ${isCommon} as "isCommon" from tags t where t.name = ${name}`.all(this.em);
    return rows[0];
  }
}

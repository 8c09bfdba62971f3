import { Injectable } from '@nestjs/common';
import { mediaFilters, mediaOrder, mediaOrders, MediaReader } from './media-reader.service.js';
import type { ListQuery } from './media.schemas.js';
import { listedFor, type ViewerId } from './visibility.js';

/** By time, a tag's own index gives the order. */
const ordersOfTag = {
  ...mediaOrders,
  newest: mediaOrder('newest', 'desc', undefined, 'mt.media_id'),
  oldest: mediaOrder('oldest', 'asc', undefined, 'mt.media_id'),
};

/** The list of all medias, or of a user's. */
@Injectable()
export class MediaQueries {
  constructor(private readonly reader: MediaReader) {}

  async list(viewer: ViewerId, { tag, sort, limit, cursor, ...filter }: ListQuery) {
    const where = [listedFor(viewer, filter.username !== undefined), ...mediaFilters(viewer, filter)];
    if (tag === undefined) return this.reader.page(viewer, { keyset: mediaOrders[sort], where }, { limit, cursor });
    const join = await this.reader.taggedWith(tag);
    return join
      ? this.reader.page(viewer, { keyset: ordersOfTag[sort], where, join }, { limit, cursor })
      : { items: [], nextCursor: null };
  }
}

import { Injectable } from '@nestjs/common';
import { mediaFilters, mediaOrder, mediaOrders, MediaReader, taggedWith } from './media-reader.service.js';
import type { ListQuery } from './media.schemas.js';
import { listedFor, type ViewerId } from './visibility.js';

/** By time, a tag's own index gives the order: fast for rare tags and for common ones. */
const ordersOfTag = {
  ...mediaOrders,
  newest: mediaOrder('newest', 'desc', undefined, 'mt.media_id'),
  oldest: mediaOrder('oldest', 'asc', undefined, 'mt.media_id'),
};

/** The list of all medias, or of a user's. */
@Injectable()
export class MediaQueries {
  constructor(private readonly reader: MediaReader) {}

  list(viewer: ViewerId, { tag, sort, limit, cursor, ...filter }: ListQuery) {
    const where = [listedFor(viewer, filter.username !== undefined), ...mediaFilters(viewer, filter)];
    const source =
      tag === undefined
        ? { keyset: mediaOrders[sort], where }
        : { keyset: ordersOfTag[sort], where, join: taggedWith(tag) };
    return this.reader.page(viewer, source, { limit, cursor });
  }
}

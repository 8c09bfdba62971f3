import { Injectable } from '@nestjs/common';
import { mediaFilters, mediaOrders, MediaReader } from './media-reader.service.js';
import { MediaSearch } from './media-search.service.js';
import type { ListQuery } from './media.schemas.js';
import { TaggedReader } from './tagged-reader.service.js';
import { listedFor } from '../visibility/medias.js';
import type { ViewerId } from '../visibility/relations.js';

/** Lists of all medias, or of one user's. */
@Injectable()
export class MediaQueries {
  constructor(
    private readonly reader: MediaReader,
    private readonly tagged: TaggedReader,
    private readonly found: MediaSearch,
  ) {}

  list(viewer: ViewerId, { tag, sort, ...query }: ListQuery) {
    if (sort === 'relevance') return this.found.search(viewer, tag!, { tag, sort, ...query });
    if (tag !== undefined) return this.tagged.page(viewer, tag, { sort, ...query });
    const { limit, cursor, ...filter } = query;
    const where = [listedFor(viewer, filter.username !== undefined), ...mediaFilters(viewer, { ...filter, sort })];
    return this.reader.page(viewer, { keyset: mediaOrders[sort], where }, { limit, cursor });
  }
}

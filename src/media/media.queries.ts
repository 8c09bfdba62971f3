import { Injectable } from '@nestjs/common';
import { afterCursor } from '../platform/database/keyset.js';
import { isByTime, mediaFilters, mediaOrders, MediaReader, mediaRows } from './media-reader.service.js';
import { MediaSearch } from './media-search.service.js';
import type { ListQuery } from './media.schemas.js';
import { TaggedReader } from './tagged-reader.service.js';
import { isListedMedia, listedFor } from '../visibility/medias.js';
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
    const keyset = mediaOrders[sort];
    const filters = mediaFilters(viewer, { ...filter, sort });
    if (filter.username === undefined) {
      const after = afterCursor(keyset, cursor);
      const rows = { ...mediaRows, keyset, where: [...filters, after] };
      // There is no index of a type by a counter.
      const unfiltered = isByTime(sort) ? rows : { ...rows, where: [after] };
      const open = isByTime(sort) ? rows : { ...unfiltered, filters };
      const candidates = { open, closed: rows, near: unfiltered, isListed: isListedMedia(viewer) };
      return this.reader.pageAmong(viewer, candidates, limit, isByTime(sort) ? [] : filters);
    }
    return this.reader.page(viewer, { keyset, where: [listedFor(viewer, true), ...filters] }, { limit, cursor });
  }
}

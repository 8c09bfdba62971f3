import { Injectable } from '@nestjs/common';
import { MediaSearch } from '../media/media-search.service.js';
import type { MediaSearchQuery } from '../media/media.schemas.js';
import type { ViewerId } from '../visibility/relations.js';
import { Problem } from '../platform/http/problems.js';
import { PlaylistsService } from '../playlists/playlists.service.js';
import { UsersService } from '../users/users.service.js';
import type { SearchQuery } from './search.schemas.js';
import { TagSearchQueries } from './tag-search.queries.js';

const nothing = { items: [], nextCursor: null };

/** Searches things of one kind by one term. */
@Injectable()
export class SearchService {
  constructor(
    private readonly foundMedias: MediaSearch,
    private readonly users: UsersService,
    private readonly playlists: PlaylistsService,
    private readonly tags: TagSearchQueries,
  ) {}

  /** @throws {Problem} `not_signed_in` for `username=me` without a viewer */
  async medias(viewer: ViewerId, term: string, query: MediaSearchQuery) {
    if (query.username === 'me' && viewer === null) throw new Problem('not_signed_in');
    return term === '' ? nothing : this.foundMedias.search(viewer, term, query);
  }

  async things(viewer: ViewerId, { q, type, ...page }: SearchQuery) {
    if (q === '') return nothing;
    const searches = {
      medias: () => this.foundMedias.search(viewer, q, { ...page, type: 'any', sort: 'relevance' }),
      users: () => this.users.search(viewer, q, page),
      playlists: () => this.playlists.search(viewer, q, { ...page, sort: 'relevance' }),
      tags: () => this.tags.search(viewer, q, page),
    };
    return searches[type]();
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { notMuted, playlistVisibleTo, type ViewerId } from '../media/visibility.js';
import { afterCursor, keyOf, keysetPage, orderOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';
import { photoHref } from '../users/users.schemas.js';
import type { FoundPlaylist } from './search.schemas.js';

type Row = Omit<FoundPlaylist, 'owner' | 'createdAt' | 'updatedAt'> & {
  username: string;
  displayName: string;
  profilePhotoId: string | null;
  createdAt: string | Date;
  updatedAt: string | Date;
};

const best: Keyset = {
  name: 'playlists',
  columns: [
    [sql.ref('found.rank'), 'int'],
    [sql.ref('p.id'), 'uuid'],
  ],
  direction: 'desc',
};
/** More are not ranked. */
const most = 1_000;

/** Playlists by the words of title and description, or a title written alike. */
@Injectable()
export class PlaylistSearchQueries {
  constructor(private readonly em: EntityManager) {}

  async search(viewer: ViewerId, term: string, { limit, cursor }: PageQuery) {
    const words = sql`search_words(p.title, p.description)`;
    const title = sql`search_plain(p.title)`;
    const query = sql`search_query(${term})`;
    const rank = sql`(case when ${title} = search_plain(${term}) then 2000 else 0 end
      + greatest(case when ${words} @@ ${query} then 1000 + round(1000 * ts_rank('{0, 0.2, 0, 1}', ${words}, ${query})) end,
        round(999 * word_similarity(search_plain(${term}), ${title}))))::int`;
    const { rows } = await sql<Row & Keyed>`
      select p.url, p.title, p.description, p.type, p.visibility, json_build_object('items', p.items_count) as counts,
        p.created_at as "createdAt", p.updated_at as "updatedAt",
        u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId", ${keyOf(best)}
      from ((select p.id from playlists p where ${words} @@ ${query} limit ${most})
          union (select p.id from playlists p where search_plain(${term}) <% ${title} limit ${most})) c
      join playlists p on p.id = c.id join users u on u.id = p.owner_id
      cross join lateral (select ${rank} as rank offset 0) found
      where ${playlistVisibleTo(viewer)} and p.visibility in ('public', 'followers') and ${notMuted(viewer, 'p.owner_id')}
        and ${afterCursor(best, cursor)}
      order by ${orderOf(best)} limit ${limit + 1}`.execute(this.em.getKysely<unknown>());
    return keysetPage(best, rows, limit, toPlaylist);
  }
}

const toPlaylist = ({ username, displayName, profilePhotoId, createdAt, updatedAt, ...row }: Row): FoundPlaylist => ({
  url: row.url,
  title: row.title,
  description: row.description,
  type: row.type,
  visibility: row.visibility,
  owner: { username, displayName, avatarUrl: photoHref(username, 'profile', profilePhotoId) },
  counts: row.counts,
  createdAt: new Date(createdAt).toISOString(),
  updatedAt: new Date(updatedAt).toISOString(),
});

import { isAlike } from '../platform/database/trigrams.js';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { once } from '../platform/database/once.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { FileKind } from '../files/file.entity.js';
import { fileHref, SignedHrefs } from '../files/signed-hrefs.service.js';
import { hiddenRows, visibleCounts } from '../media/visible-counts.js';
import { MediaReader } from '../media/media-reader.service.js';
import { inPlaylistFor, isOpen } from '../visibility/medias.js';
import { playlistListedFor, playlistVisibleTo } from '../visibility/playlists.js';
import type { ViewerId } from '../visibility/relations.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import {
  candidatesOf,
  isCandidate,
  isToReadByOwner,
  orderOfCandidates,
  pageAmongCandidates,
} from '../visibility/candidates.js';
import { afterCursor, keyOf, keysetPage, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import type { Page, PageQuery } from '../platform/http/page.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import type { ListQuery, PlaylistAnswer, SearchQuery, Sort } from './playlists.schemas.js';
import { isNamed } from '../visibility/accounts.js';
import { closedTo, reachOf } from '../visibility/reach.js';

type Row = Pick<PlaylistAnswer, 'url' | 'title' | 'description' | 'type' | 'visibility' | 'counts'> &
  OwnerRow & {
    cover: { kind: FileKind; url: string; open: boolean } | null;
    createdAt: string | Date;
    updatedAt: string | Date;
  };

/** The first media that the viewer can see and that has a picture, among the first 20 only. */
const cover = (viewer: ViewerId) => sql`
  (select json_build_object('kind', f.kind, 'url', f.url, 'open', ${isOpen()})
   from (select i.media_id, i.rank from playlist_items i where i.playlist_id = p.id order by i.rank limit 20) i
   join medias m on m.id = i.media_id join media_files mf on mf.media_id = m.id and mf.position = 0 join files f on f.id = mf.file_id
   where ${inPlaylistFor(viewer)}
     and exists (select 1 from renditions r where r.file_id = f.id and r.role in ('image', 'poster', 'cover', 'picture'))
   order by i.rank limit 1)`;

const pictures: Partial<Record<FileKind, string>> = {
  photo: '?size=thumb',
  video: '/poster?size=thumb',
  music: '/cover?size=thumb',
};

const counts = visibleCounts(
  { items: [sql`p.items_count`, sql`i.number`] },
  hiddenRows('i', {
    ...{ table: 'playlist_items', key: 'playlist_id', user: 'owner_id', row: 'p', stored: sql`p.items_count` },
  }),
);

/** Everything a playlist shows, as columns of `p` (playlists) and `u` (its owner). */
const columns = (viewer: ViewerId) => sql`
  p.url, p.title, p.description, p.type, p.visibility, ${counts(viewer)} as counts, p.created_at as "createdAt", p.updated_at as "updatedAt",
  u.id as "userId", u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId", ${cover(viewer)} as cover`;

const ordersBy = (column: string): Record<Sort, Keyset> => {
  const id = [sql.ident(column), 'uuid'] as const;
  return {
    newest: { name: 'newest', columns: [id], direction: 'desc' },
    oldest: { name: 'oldest', columns: [id], direction: 'asc' },
    relevance: { name: 'relevance', columns: [[sql.raw('found.rank'), 'int'], id], direction: 'desc' },
  };
};
const orders = ordersBy('p.id');
/** For sorting found playlists: no index on `c.id`, so that the planner does not scan all playlists in index order. */
const ordersOfFound = ordersBy('c.id');
const everybodys = { from: sql`playlists p`, id: sql`p.id`, owner: sql`p.owner_id`, reach: sql`p.reach` };
const positions: Keyset = { name: 'position', columns: [[sql.raw('i.rank'), 'text']], direction: 'asc' };

/** The searched text, as in the indexes. */
const words = sql`search_words(p.title, p.description)`;
const title = sql`search_plain(p.title)`;
/** The same with who finds it. */
const wordsAndReach = sql`playlist_words(p.title, p.description, p.owner_id, p.reach)`;
/** Of common words, no more matches are ranked. */
const maxCandidates = sql.raw('500');
/** With fewer matches, titles spelled alike are searched, too. */
const minMatches = sql.raw('10');
const maxAlike = sql.raw('200');

/** Of those that few find: the part that the viewer does, by the queries in `closed`. */
const amongClosed = (condition: Statement<unknown>, most: Statement<unknown>) => sql`
  (select p.id from closed c cross join lateral (
      select p.id from playlists p
      where p.reach < ${reachOf.all} and ${condition} and ${wordsAndReach} @@ c.query limit ${most}) p
    limit ${most})`;

/** Reads playlists, each page in one statement. */
@Injectable()
export class PlaylistsQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly reader: MediaReader,
    private readonly signed: SignedHrefs,
  ) {}

  async byUrl(viewer: ViewerId, url: string): Promise<PlaylistAnswer | null> {
    const [row] = await this.rows<Row>(sql`select ${columns(viewer)} from playlists p join users u on u.id = p.owner_id
      where p.url = ${url} and ${playlistVisibleTo(viewer)}`);
    return row ? this.view(row, viewer) : null;
  }

  list(viewer: ViewerId, { type, username, sort, ...page }: ListQuery) {
    const isOfType = type === 'any' ? [] : [sql<boolean>`p.type = ${type}`];
    if (username === undefined) return this.listAll(viewer, orders[sort], isOfType, page);
    const isOwned =
      username === 'me'
        ? sql<boolean>`p.owner_id = ${viewer}`
        : sql<boolean>`p.owner_id = (select id from users where ${isNamed(username, 'users')})`;
    return this.page(viewer, orders[sort], sql``, [playlistListedFor(viewer, true), ...isOfType, isOwned], page);
  }

  private async listAll(
    viewer: ViewerId,
    keyset: Keyset,
    filters: Statement<boolean>[],
    { limit, cursor }: PageQuery,
    byOwner = false,
  ): Promise<Page<PlaylistAnswer>> {
    const rows = { ...everybodys, keyset, where: [afterCursor(keyset, cursor)], filters };
    const isListed = (id: Statement) =>
      existsByKey(sql`from playlists x where x.id = ${id} and ${playlistListedFor(viewer, false, 'x')}`);
    const candidates = { open: rows, closed: rows, near: rows, isListed };
    const order = orderOfCandidates(keyset, 'c');
    const found = sql<Row & Keyed & { isCut: boolean }>`
      select ${columns(viewer)}, c.is_cut as "isCut", ${keyOf(order)}
      from (${candidatesOf(viewer, candidates, limit, byOwner)}) c
      join playlists p on p.id = c.id join users u on u.id = p.owner_id
      where ${isCandidate([playlistListedFor(viewer, false)])}`;
    const items = await pageOf(found, order, limit).all(this.em);
    if (!byOwner && isToReadByOwner(viewer, items))
      return this.listAll(viewer, keyset, filters, { limit, cursor }, true);
    return pageAmongCandidates(keyset, items, limit, (row) => this.view(row, viewer));
  }

  /** By the words of title and description, or by a title spelled alike. */
  search(viewer: ViewerId, term: string, { sort, ...page }: SearchQuery) {
    const [query, plain] = [once(sql`search_query(${term})`), once(sql`search_plain(${term})`)];
    const rank = sql`(case when ${title} = ${plain} then 2000 else 0 end
      + greatest(case when ${words} @@ ${query} then 1000 + round(1000 * ts_rank('{0, 0.2, 0, 1}', ${words}, ${query})) end,
        round(999 * word_similarity(${plain}, ${title}))))::int`;
    const spelledAlike = sql`(select count(*) from matching) < ${minMatches} and ${isAlike(term, plain, title)}`;
    // Two indexes: what few find takes no place of what everybody finds.
    const join = sql`
      join (
        with closed as materialized (${closedTo(viewer)}),
        matching as materialized (
          (select p.id from playlists p where p.reach = ${reachOf.all} and ${words} @@ ${query} limit ${maxCandidates}) union
          ${amongClosed(sql`${wordsAndReach} @@ ${query}`, maxCandidates)})
        select id from matching union
          (select p.id from playlists p where p.reach = ${reachOf.all} and ${spelledAlike} limit ${maxAlike}) union
          ${amongClosed(spelledAlike, maxAlike)}
      ) c on c.id = p.id
      cross join lateral (select ${rank} as rank offset 0) found`;
    return this.page(viewer, ordersOfFound[sort], join, [playlistListedFor(viewer, false)], page);
  }

  /** The medias of a playlist that the viewer can see, in order; null if they can't see the playlist. */
  async medias(viewer: ViewerId, url: string, page: PageQuery) {
    const [playlist] = await this.rows<{ id: string }>(
      sql`select p.id from playlists p where p.url = ${url} and ${playlistVisibleTo(viewer)}`,
    );
    if (!playlist) return null;
    const join = sql`join playlist_items i on i.media_id = m.id join playlists p on p.id = i.playlist_id`;
    return this.reader.page(
      viewer,
      { keyset: positions, join, where: [sql`i.playlist_id = ${playlist.id}`, inPlaylistFor(viewer)] },
      page,
      { columns: sql<{ note: string }>`i.note`, of: ({ note }) => ({ note }) },
    );
  }

  private async page(
    viewer: ViewerId,
    keyset: Keyset,
    join: Statement<unknown>,
    where: Statement<boolean>[],
    { limit, cursor }: PageQuery,
  ) {
    const found = sql<Row & Keyed>`select ${columns(viewer)}, ${keyOf(keyset)}
      from playlists p join users u on u.id = p.owner_id ${join}
      where ${sql.join([...where, afterCursor(keyset, cursor)], ' and ')}`;
    const rows = await this.rows<Row & Keyed>(pageOf(found, keyset, limit));
    return keysetPage(keyset, rows, limit, (row) => this.view(row, viewer));
  }

  private async rows<R>(query: Statement<unknown>): Promise<R[]> {
    return await sql<R>`${query}`.all(this.em);
  }

  private view({ cover, ...row }: Row, viewer: ViewerId): PlaylistAnswer {
    const signed = cover && !cover.open && viewer ? this.signed.sign(cover.url, viewer) : null;
    return {
      url: row.url,
      title: row.title,
      description: row.description,
      type: row.type,
      visibility: row.visibility,
      owner: ownerAnswer(row),
      counts: row.counts,
      cover: cover && fileHref(cover.kind, cover.url, pictures[cover.kind], { t: signed?.t }),
      ...(signed && { expiresAt: signed.expiresAt }),
      createdAt: isoTime(row.createdAt),
      updatedAt: isoTime(row.updatedAt),
    };
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import type { MediaType } from '../media/media.entity.js';
import { playlistVisibleTo } from '../visibility/playlists.js';
import type { ViewerId } from '../visibility/relations.js';
import { slug } from '../platform/database/slug.js';
import type { PageQuery } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import type { playlistTypes } from './playlist.entity.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import { PlaylistsQueries } from './playlists.queries.js';
import type { CreateBody, EditBody, PlaylistAnswer, SearchQuery } from './playlists.schemas.js';

type PlaylistType = (typeof playlistTypes)[number];
export interface HeldPlaylist {
  id: string;
  ownerId: string;
  type: PlaylistType;
}

/** Media types by playlist type. */
export const takes: Record<PlaylistType, readonly MediaType[]> = {
  any: ['photo', 'video', 'reel', 'music'],
  video: ['video', 'reel'],
  music: ['music'],
  photo: ['photo'],
};

@Injectable()
export class PlaylistsService {
  constructor(
    private readonly em: EntityManager,
    private readonly queries: PlaylistsQueries,
  ) {}

  async read(viewer: ViewerId, url: string): Promise<PlaylistAnswer> {
    const playlist = await this.queries.byUrl(viewer, url);
    if (!playlist) throw new Problem('playlist_not_found');
    return playlist;
  }

  async medias(viewer: ViewerId, url: string, query: PageQuery) {
    const medias = await this.queries.medias(viewer, url, query);
    if (!medias) throw new Problem('playlist_not_found');
    return medias;
  }

  search(viewer: ViewerId, term: string, query: SearchQuery) {
    return this.queries.search(viewer, term, query);
  }

  async create(ownerId: string, { title, description, type, visibility }: CreateBody): Promise<PlaylistAnswer> {
    const url = slug();
    await this.em.transactional(async (em) => {
      await sql`
        insert into playlists (url, owner_id, title, description, type, visibility)
          values (${url}, ${ownerId}, ${title}, ${description}, ${type}, ${visibility})`.all(em);
      await refuseBeyond(em, 'playlists', ownerId, sql`from playlists where owner_id = ${ownerId}`);
    });
    return this.read(ownerId, url);
  }

  /** @throws {Problem} `playlist_type_mismatch` if an item has another type */
  async edit(viewer: string, url: string, body: EditBody): Promise<PlaylistAnswer> {
    const { title, description, type, visibility } = body;
    await this.em.transactional(async (em) => {
      const { id } = await this.hold(em, viewer, url);
      if (Object.keys(body).length === 0) return;
      if (type) {
        const others = await sql`
          select 1 from playlist_items i join medias m on m.id = i.media_id
          where i.playlist_id = ${id} and m.type <> all(${takes[type]}::text[]) limit 1`.all(em);
        if (others.length) throw new Problem('playlist_type_mismatch');
      }
      await sql`
        update playlists set title = coalesce(${title ?? null}, title), description = coalesce(${description ?? null},
          description), type = coalesce(${type ?? null}, type),
        visibility = coalesce(${visibility ?? null}, visibility), updated_at = now() where id = ${id}`.all(em);
    });
    return this.read(viewer, url);
  }

  async delete(viewer: string, url: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const { id } = await this.hold(em, viewer, url);
      await sql`delete from playlists where id = ${id}`.all(em);
    });
  }

  /**
   * Locks the viewer's own playlist until the transaction ends. Whoever adds a media must lock the media first.
   * @throws {Problem} `playlist_not_found` if it can't be seen, `not_yours` if it can
   */
  async hold(em: EntityManager, viewer: string, url: string): Promise<HeldPlaylist> {
    const rows = await sql<HeldPlaylist>`
      select p.id, p.owner_id as "ownerId", p.type from playlists p
      where p.url = ${url} and ${playlistVisibleTo(viewer)} for no key update of p`.all(em);
    if (!rows[0]) throw new Problem('playlist_not_found');
    if (rows[0].ownerId !== viewer) throw new Problem('not_yours');
    return rows[0];
  }
}

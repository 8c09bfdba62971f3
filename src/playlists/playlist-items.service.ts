import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { MediaAccess } from '../media/media-access.service.js';
import { visibleTo } from '../visibility/medias.js';
import { Problem } from '../platform/http/problems.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import type { AddBody, ChangeBody, OrderBody, PlaylistAnswer } from './playlists.schemas.js';
import { PlaylistsService, takes } from './playlists.service.js';
import { Ranks, type Place } from './ranks.service.js';

/** The items of a playlist. Its owner can add any media that they can see. */
@Injectable()
export class PlaylistItems {
  constructor(
    private readonly em: EntityManager,
    private readonly access: MediaAccess,
    private readonly playlists: PlaylistsService,
    private readonly ranks: Ranks,
  ) {}

  /** @throws {Problem} `media_not_found`, `playlist_type_mismatch`, those of `PlaylistsService.hold` */
  async add(
    viewer: string,
    mediaUrl: string,
    url: string,
    { note, position }: AddBody,
  ): Promise<{ isNew: boolean; playlist: PlaylistAnswer }> {
    const isNew = await this.em.transactional(async (em) => {
      const media = await this.access.hold(em, viewer, mediaUrl);
      const playlist = await this.playlists.hold(em, viewer, url);
      const there =
        await sql`select 1 from playlist_items where playlist_id = ${playlist.id} and media_id = ${media.id}`.all(em);
      if (there.length) return false;
      if (!takes[playlist.type].includes(media.type)) throw new Problem('playlist_type_mismatch');
      const rank = await this.ranks.at(em, playlist, media.id, { position });
      await sql`
        insert into playlist_items (playlist_id, media_id, rank, note)
          values (${playlist.id}, ${media.id}, ${rank}, ${note})`.all(em);
      await refuseBeyond(em, 'items', playlist.id, sql`from playlist_items where playlist_id = ${playlist.id}`);
      return true;
    });
    return { isNew, playlist: await this.playlists.read(viewer, url) };
  }

  /** @throws {Problem} `media_not_found`, `not_in_playlist`, those of `PlaylistsService.hold` */
  async change(viewer: string, mediaUrl: string, url: string, { note, position }: ChangeBody): Promise<PlaylistAnswer> {
    await this.em.transactional(async (em) => {
      const mediaId = await this.find(em, viewer, mediaUrl, url);
      const playlist = await this.playlists.hold(em, viewer, url);
      const rank = position === undefined ? null : await this.ranks.at(em, playlist, mediaId, { position });
      const changed = await sql`
        update playlist_items set note = coalesce(${note ?? null}, note), rank = coalesce(${rank}, rank)
        where playlist_id = ${playlist.id} and media_id = ${mediaId} returning 1`.all(em);
      if (!changed.length) throw new Problem('not_in_playlist');
    });
    return this.playlists.read(viewer, url);
  }

  /** @throws {Problem} `media_not_found`, those of `PlaylistsService.hold` */
  async remove(viewer: string, mediaUrl: string, url: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const mediaId = await this.find(em, viewer, mediaUrl, url);
      const { id } = await this.playlists.hold(em, viewer, url);
      await sql`delete from playlist_items where playlist_id = ${id} and media_id = ${mediaId}`.all(em);
    });
  }

  /**
   * Changes one row, however long the list.
   * @throws {Problem} `not_in_playlist`, those of `PlaylistsService.hold`
   */
  async move(viewer: string, url: string, { media, before, after }: OrderBody): Promise<PlaylistAnswer> {
    const next = (before ?? after)!;
    await this.em.transactional(async (em) => {
      const playlist = await this.playlists.hold(em, viewer, url);
      const items = await sql<{ id: string; url: string }>`
        select m.id, m.url from playlist_items i join medias m on m.id = i.media_id
        where i.playlist_id = ${playlist.id} and m.url in (${media}, ${next})`.all(em);
      const idOf = (wanted: string) => items.find((item) => item.url === wanted)?.id;
      const [mediaId, nextId] = [idOf(media), idOf(next)];
      if (!mediaId || !nextId) throw new Problem('not_in_playlist');
      const place: Place = before === undefined ? { after: nextId } : { before: nextId };
      await sql`
        update playlist_items set rank = ${await this.ranks.at(em, playlist, mediaId, place)}
          where playlist_id = ${playlist.id} and media_id = ${mediaId}`.all(em);
    });
    return this.playlists.read(viewer, url);
  }

  /** A media that the viewer can see, or that is in the playlist although they no longer can. */
  private async find(em: EntityManager, viewer: string, mediaUrl: string, url: string): Promise<string> {
    const rows = await sql<{ id: string }>`
      select m.id from medias m where m.url = ${mediaUrl} and (${visibleTo(viewer)} or exists (
        select 1 from playlist_items i join playlists p on p.id = i.playlist_id
        where i.media_id = m.id and p.url = ${url} and p.owner_id = ${viewer}))`.all(em);
    if (!rows[0]) throw new Problem('media_not_found');
    return rows[0].id;
  }
}

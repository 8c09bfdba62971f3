import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import { sql } from '../platform/database/sql.js';
import { inPlaylistFor } from '../visibility/medias.js';
import type { HeldPlaylist } from './playlists.service.js';

/** Next to an item (the id of its media), or by number among those that the playlist's owner sees; without one: last. */
export type Place = { before: string } | { after: string } | { position: number | undefined };

/** Characters. A rank grows where things are put between the same two again and again, by one in about six times. */
const longest = 100;

interface Gap {
  low: string | null;
  high: string | null;
}

/** Where things stand in a playlist: to move one, nothing but its own rank changes. The playlist's row is held. */
@Injectable()
export class Ranks {
  /** @param mediaId what is to stand there, and may stand in the playlist already */
  async at(em: EntityManager, playlist: HeldPlaylist, mediaId: string, place: Place): Promise<string> {
    const gap = await this.gap(em, playlist, mediaId, place);
    const rank = generateKeyBetween(gap.low, gap.high);
    if (rank.length <= longest) return rank;
    await this.spread(em, playlist);
    const wider = await this.gap(em, playlist, mediaId, place);
    return generateKeyBetween(wider.low, wider.high);
  }

  private async gap(em: EntityManager, playlist: HeldPlaylist, mediaId: string, place: Place): Promise<Gap> {
    const anchor = await this.anchor(em, playlist, mediaId, place);
    const others = sql`from playlist_items where playlist_id = ${playlist.id} and media_id <> ${mediaId}`;
    const nearest =
      anchor === null
        ? sql`max(rank) as rank ${others}`
        : 'after' in place
          ? sql`min(rank) as rank ${others} and rank > ${anchor}`
          : sql`max(rank) as rank ${others} and rank < ${anchor}`;
    const [neighbour] = await sql<{ rank: string | null }>`select ${nearest}`.all(em);
    const rank = neighbour?.rank ?? null;
    return 'after' in place ? { low: anchor, high: rank } : { low: rank, high: anchor };
  }

  /** The rank of what it is to stand next to; null for the end. */
  private async anchor(
    em: EntityManager,
    playlist: HeldPlaylist,
    mediaId: string,
    place: Place,
  ): Promise<string | null> {
    if ('position' in place && place.position === undefined) return null;
    const chosen =
      'position' in place
        ? sql`i.media_id <> ${mediaId} and ${inPlaylistFor(playlist.ownerId)} order by i.rank offset ${place.position! - 1}`
        : sql`i.media_id = ${'after' in place ? place.after : place.before}`;
    const rows = await sql<{ rank: string }>`
      select i.rank from playlist_items i join playlists p on p.id = i.playlist_id join medias m on m.id = i.media_id
      where p.id = ${playlist.id} and ${chosen} limit 1`.all(em);
    return rows[0]?.rank ?? null;
  }

  /** Short ranks for all, in their order: behind the last one, so that no two are ever the same. */
  private async spread(em: EntityManager, { id }: HeldPlaylist): Promise<void> {
    const [all] = await sql<{ count: number; last: string }>`
      select count(*)::int as count, max(rank) as last from playlist_items where playlist_id = ${id}`.all(em);
    await sql`
      update playlist_items i set rank = fresh.rank
      from (select media_id, row_number() over (order by rank) as place from playlist_items
        where playlist_id = ${id}) o
      join unnest(${generateNKeysBetween(all!.last, null, all!.count)}::text[]) with ordinality fresh (rank, place)
        on fresh.place = o.place
      where i.playlist_id = ${id} and i.media_id = o.media_id`.all(em);
  }
}

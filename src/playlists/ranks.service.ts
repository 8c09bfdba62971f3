import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import { sql } from '../platform/database/sql.js';
import { inPlaylistFor } from '../visibility/medias.js';
import type { HeldPlaylist } from './playlists.service.js';

/**
 * Next to an item (its media's id), or by number among the items that the playlist's owner can see; without a number:
 * last.
 */
export type Place = { before: string } | { after: string } | { position: number | undefined };

/** Characters. Ranks grow when items are repeatedly put between the same two, by one in about six times. */
const maxRankLength = 100;

interface Gap {
  low: string | null;
  high: string | null;
}

/** Positions in a playlist: moving an item changes only its own rank. The playlist's row is locked. */
@Injectable()
export class Ranks {
  /** @param mediaId the item to place, which may be in the playlist already */
  async at(em: EntityManager, playlist: HeldPlaylist, mediaId: string, place: Place): Promise<string> {
    const gap = await this.gap(em, playlist, mediaId, place);
    const rank = generateKeyBetween(gap.low, gap.high);
    if (rank.length <= maxRankLength) return rank;
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

  /** Rank of the item to be next to; null for the end. */
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

  /** Gives all items short ranks in the same order, after the present last one, so that no two ranks are ever equal. */
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

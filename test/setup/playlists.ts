import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Client, Json } from './client.js';
import type { Vitrine } from './vitrine.js';

/**
 * Medias without files, for adding to playlists.
 * @returns their urls
 */
export async function bareMedias(
  vitrine: Vitrine,
  owner: { username: string },
  count: number,
  type = 'photo',
): Promise<string[]> {
  const urls = Array.from({ length: count }, () => randomBytes(8).toString('hex'));
  await vitrine.db.query(
    `insert into medias (url, owner_id, type, shown, status)
     select url, u.id, $3, true, 'ready' from unnest($1::text[]) url, users u where u.username = $2`,
    [urls, owner.username, type],
  );
  return urls;
}
export const makePlaylist = async (owner: Client, more: object = {}): Promise<Json> =>
  (await owner.post('/api/playlists', { title: 'Mixed', ...more }).expect(201)).body;
/** Address of a media in a playlist. */
export const item = (media: string, playlist: Json) => `/api/medias/${media}/playlists/${playlist.url}`;
/** The urls that somebody sees in a playlist, over all pages. */
export const inside = async (who: Client, playlist: Json): Promise<string[]> =>
  (await who.all(`/api/playlists/${playlist.url}/medias`)).map(({ url }) => url as string);
/** Counters must match the rows. */
export async function expectTrueCounters({ db }: Vitrine) {
  const { rows } = await db.query(
    `select url from playlists p where items_count <> (select count(*) from playlist_items where playlist_id = p.id and is_counted)`,
  );
  expect(rows).toEqual([]);
}

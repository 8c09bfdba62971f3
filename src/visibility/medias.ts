import { existsByKey } from '../platform/database/exists-by-key.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { isListedFor, isOpenToAll, isSeenBy, type Owned } from './owned.js';
import type { ViewerId, ViewerRef } from './relations.js';

/** @param m the alias of `medias` */
const media = (m: string): Owned => ({ alias: m, isReady: sql.ident<boolean>(m, 'shown') });

/** Anybody with the address may see it, so shared caches may store its bytes. */
export const isOpen = (m = 'm'): Statement<boolean> => isOpenToAll(media(m));

/** Who may see a media. */
export const visibleTo = (viewer: ViewerRef, m = 'm'): Statement<boolean> => isSeenBy(viewer, media(m));

export const listedFor = (viewer: ViewerRef, ownList: boolean, m = 'm'): Statement<boolean> =>
  isListedFor(viewer, ownList, media(m));

/** The same in lists of others, by its id. */
export const isListedMedia =
  (viewer: ViewerRef) =>
  (id: Statement): Statement<boolean> =>
    existsByKey(sql`from medias x where x.id = ${id} and ${listedFor(viewer, false, 'x')}`);

/**
 * A media in a playlist. An unlisted one is shown only to the owners of the media and the playlist: a playlist must not
 * spread its address.
 */
export const inPlaylistFor = (viewer: ViewerId, m = 'm', p = 'p'): Statement<boolean> => sql<boolean>`(
  ${visibleTo(viewer, m)}
  and (${sql.ident(m, 'visibility')} <> 'unlisted' or ${viewer}::uuid in (${sql.ident(m, 'owner_id')}, ${sql.ident(p, 'owner_id')})))`;

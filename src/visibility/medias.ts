import { sql, type Statement } from '../platform/database/sql.js';
import { isListedFor, isOpenToAll, isSeenBy, type Owned } from './owned.js';
import type { ViewerId, ViewerRef } from './relations.js';

/** @param m the alias of `medias` */
const media = (m: string): Owned => ({ alias: m, isReady: sql.ident<boolean>(m, 'shown') });

/** Anybody with the address may see it: its bytes may be cached by everybody. */
export const isOpen = (m = 'm'): Statement<boolean> => isOpenToAll(media(m));

/** Who may see a media. */
export const visibleTo = (viewer: ViewerRef, m = 'm'): Statement<boolean> => isSeenBy(viewer, media(m));

export const listedFor = (viewer: ViewerRef, ownList: boolean, m = 'm'): Statement<boolean> =>
  isListedFor(viewer, ownList, media(m));

/** A media of a playlist. What is unlisted must not get about by it: only the owners of the two know the address. */
export const inPlaylistFor = (viewer: ViewerId, m = 'm', p = 'p'): Statement<boolean> => sql<boolean>`(
  ${visibleTo(viewer, m)}
  and (${sql.ident(m, 'visibility')} <> 'unlisted' or ${viewer}::uuid in (${sql.ident(m, 'owner_id')}, ${sql.ident(p, 'owner_id')})))`;

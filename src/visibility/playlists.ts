import { sql, type Statement } from '../platform/database/sql.js';
import { isListedFor, isSeenBy, type Owned } from './owned.js';
import type { ViewerId, ViewerRef } from './relations.js';

/** @param p the alias of `playlists` */
const playlist = (p: string): Owned => ({ alias: p, isReady: sql<boolean>`true` });

/** Who may see a playlist. */
export const playlistVisibleTo = (viewer: ViewerRef, p = 'p'): Statement<boolean> => isSeenBy(viewer, playlist(p));

export const playlistListedFor = (viewer: ViewerId, ownList: boolean, p = 'p'): Statement<boolean> =>
  isListedFor(viewer, ownList, playlist(p));

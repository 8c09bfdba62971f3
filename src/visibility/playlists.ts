import { sql, type Statement } from '../platform/database/sql.js';
import { thereIs } from '../platform/database/there-is.js';
import { isActive } from './accounts.js';
import { isFollowed, notBlocked, notMuted, type ViewerId, type ViewerRef } from './relations.js';

/** The same rule for playlists, which have an owner and a visibility as medias have. `p` is their alias. */
export const playlistVisibleTo = (viewer: ViewerRef, p = 'p'): Statement<boolean> => {
  const open = sql<boolean>`(${sql.ident(p, 'visibility')} in ('public', 'unlisted')
    and ${thereIs(sql`from users o where o.id = ${sql.ident(p, 'owner_id')} and ${isActive('o')} and not o.is_private`)})`;
  return viewer === null
    ? open
    : sql<boolean>`(
        ${sql.ident(p, 'owner_id')} = ${viewer}
        or ((${open} or (${sql.ident(p, 'visibility')} <> 'private' and ${isFollowed(viewer, `${p}.owner_id`)}))
          and ${notBlocked(viewer, `${p}.owner_id`)}))`;
};

/** Playlists in lists, as `listedFor` says it of medias. */
export const playlistListedFor = (viewer: ViewerId, ownList: boolean, p = 'p'): Statement<boolean> =>
  ownList
    ? sql<boolean>`(${playlistVisibleTo(viewer, p)} and (${sql.ident(p, 'visibility')} <> 'unlisted' or ${sql.ident(p, 'owner_id')} = ${viewer}))`
    : sql<boolean>`(${playlistVisibleTo(viewer, p)} and ${sql.ident(p, 'visibility')} in ('public', 'followers')
        and ${notMuted(viewer, `${p}.owner_id`)})`;

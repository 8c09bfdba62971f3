import { sql, type Statement } from '../platform/database/sql.js';
import { thereIs } from '../platform/database/there-is.js';
import { isActive } from './accounts.js';
import { isFollowed, notBlocked, notMuted, type ViewerId, type ViewerRef } from './relations.js';

/** Anybody with the address may see it: its bytes may be cached by everybody. `m` is the alias of `medias`. */
export const isOpen = (m = 'm'): Statement<boolean> => sql<boolean>`(
  ${sql.ident(m, 'shown')} and ${sql.ident(m, 'visibility')} in ('public', 'unlisted')
  and ${thereIs(sql`from users o where o.id = ${sql.ident(m, 'owner_id')} and ${isActive('o')} and not o.is_private`)})`;

/** THE rule of who may see a media; every query that can show one goes through here. */
export const visibleTo = (viewer: ViewerRef, m = 'm'): Statement<boolean> =>
  viewer === null
    ? isOpen(m)
    : sql<boolean>`(
        ${sql.ident(m, 'owner_id')} = ${viewer}
        or ((${isOpen(m)}
            or (${sql.ident(m, 'shown')} and ${sql.ident(m, 'visibility')} <> 'private' and ${isFollowed(viewer, `${m}.owner_id`)}))
          and ${notBlocked(viewer, `${m}.owner_id`)}))`;

/** Shown in lists: unlisted and private things only to their owner, and only among the owner's own. */
export const listedFor = (viewer: ViewerRef, ownList: boolean, m = 'm'): Statement<boolean> =>
  ownList
    ? sql<boolean>`(${visibleTo(viewer, m)} and (${sql.ident(m, 'visibility')} <> 'unlisted' or ${sql.ident(m, 'owner_id')} = ${viewer}))`
    : sql<boolean>`(${visibleTo(viewer, m)} and ${sql.ident(m, 'visibility')} in ('public', 'followers') and ${sql.ident(m, 'shown')}
        and ${notMuted(viewer, `${m}.owner_id`)})`;

/** A media of a playlist. What is unlisted must not get about by it: only the owners of the two know the address. */
export const inPlaylistFor = (viewer: ViewerId, m = 'm', p = 'p'): Statement<boolean> => sql<boolean>`(
  ${visibleTo(viewer, m)}
  and (${sql.ident(m, 'visibility')} <> 'unlisted' or ${viewer}::uuid in (${sql.ident(m, 'owner_id')}, ${sql.ident(p, 'owner_id')})))`;

import { sql, type Statement } from '../platform/database/sql.js';
import { thereIs, thereIsNo } from '../platform/database/there-is.js';

/** Null for a stranger. */
export type ViewerId = string | null;
/** The same, or a column that holds it, where many are asked for at once. */
export type ViewerRef = ViewerId | Statement<string>;

const column = (alias: string, name: string) => sql.ident(alias, name);

/** The other one has not blocked the viewer, who may still have blocked them. @param user as below */
export const notBlockedBy = (viewer: ViewerRef, user: string): Statement<boolean> =>
  viewer === null
    ? sql<boolean>`true`
    : thereIsNo(sql`from blocks b where b.blocker_id = ${sql.ident(user)} and b.blocked_id = ${viewer}`);

/** Neither of the two has blocked the other. @param user the column of the other one's id, as `m.owner_id` */
export const notBlocked = (viewer: ViewerRef, user: string): Statement<boolean> =>
  viewer === null
    ? sql<boolean>`true`
    : sql<boolean>`(${thereIsNo(sql`from blocks b where b.blocker_id = ${viewer} and b.blocked_id = ${sql.ident(user)}`)}
        and ${notBlockedBy(viewer, user)})`;

/** The viewer does not mind meeting this one in lists. @param user as above */
export const notMuted = (viewer: ViewerRef, user: string): Statement<boolean> =>
  viewer === null
    ? sql<boolean>`true`
    : thereIsNo(sql`from mutes s where s.muter_id = ${viewer} and s.muted_id = ${sql.ident(user)}`);

/** Anybody with the address may see it: its bytes may be cached by everybody. `m` is the alias of `medias`. */
export const isOpen = (m = 'm'): Statement<boolean> => sql<boolean>`(
  ${column(m, 'shown')} and ${column(m, 'visibility')} in ('public', 'unlisted')
  and ${thereIs(sql`from users o where o.id = ${column(m, 'owner_id')} and o.disabled_at is null and not o.is_private`)})`;

/** THE rule of who may see a media; every query that can show one goes through here. */
export const visibleTo = (viewer: ViewerRef, m = 'm'): Statement<boolean> =>
  viewer === null
    ? isOpen(m)
    : sql<boolean>`(
        ${column(m, 'owner_id')} = ${viewer}
        or ((${isOpen(m)}
            or (${column(m, 'shown')} and ${column(m, 'visibility')} <> 'private' and ${isFollowed(viewer, `${m}.owner_id`)}))
          and ${notBlocked(viewer, `${m}.owner_id`)}))`;

/** Shown in lists: unlisted and private things only to their owner, and only among the owner's own. */
export const listedFor = (viewer: ViewerRef, ownList: boolean, m = 'm'): Statement<boolean> =>
  ownList
    ? sql<boolean>`(${visibleTo(viewer, m)} and (${column(m, 'visibility')} <> 'unlisted' or ${column(m, 'owner_id')} = ${viewer}))`
    : sql<boolean>`(${visibleTo(viewer, m)} and ${column(m, 'visibility')} in ('public', 'followers') and ${column(m, 'shown')}
        and ${notMuted(viewer, `${m}.owner_id`)})`;

/** A tag `t` that is on something which everybody meets in lists: else its name might tell of what is hidden. */
export const isTagOpen = (): Statement<boolean> =>
  thereIs(
    sql`from media_tags mt join medias m on m.id = mt.media_id where mt.tag_id = t.id and ${listedFor(null, false)} limit 1`,
  );

/** An account that is there, and that the viewer follows. */
const isFollowed = (viewer: string | Statement<string>, owner: string) => sql<boolean>`(
  ${thereIs(sql`from users o where o.id = ${sql.ident(owner)} and o.disabled_at is null`)}
  and ${thereIs(sql`from follows f where f.follower_id = ${viewer} and f.followee_id = ${sql.ident(owner)} and f.accepted_at is not null`)})`;

/** The same rule for playlists, which have an owner and a visibility as medias have. `p` is their alias. */
export const playlistVisibleTo = (viewer: ViewerRef, p = 'p'): Statement<boolean> => {
  const open = sql<boolean>`(${column(p, 'visibility')} in ('public', 'unlisted')
    and ${thereIs(sql`from users o where o.id = ${column(p, 'owner_id')} and o.disabled_at is null and not o.is_private`)})`;
  return viewer === null
    ? open
    : sql<boolean>`(
        ${column(p, 'owner_id')} = ${viewer}
        or ((${open} or (${column(p, 'visibility')} <> 'private' and ${isFollowed(viewer, `${p}.owner_id`)}))
          and ${notBlocked(viewer, `${p}.owner_id`)}))`;
};

/** Playlists in lists, as `listedFor` says it of medias. */
export const playlistListedFor = (viewer: ViewerId, ownList: boolean, p = 'p'): Statement<boolean> =>
  ownList
    ? sql<boolean>`(${playlistVisibleTo(viewer, p)} and (${column(p, 'visibility')} <> 'unlisted' or ${column(p, 'owner_id')} = ${viewer}))`
    : sql<boolean>`(${playlistVisibleTo(viewer, p)} and ${column(p, 'visibility')} in ('public', 'followers')
        and ${notMuted(viewer, `${p}.owner_id`)})`;

/** A media of a playlist. What is unlisted must not get about by it: only the owners of the two know the address. */
export const inPlaylistFor = (viewer: ViewerId, m = 'm', p = 'p'): Statement<boolean> => sql<boolean>`(
  ${visibleTo(viewer, m)}
  and (${column(m, 'visibility')} <> 'unlisted' or ${viewer}::uuid in (${column(m, 'owner_id')}, ${column(p, 'owner_id')})))`;

/** A comment of a media that the viewer may see; its author may be gone, but not be blocked or disabled. */
export const commentVisibleTo = (viewer: ViewerRef, c = 'c', m = 'm'): Statement<boolean> => sql<boolean>`(
  ${visibleTo(viewer, m)}
  and (${column(c, 'author_id')} is null or (
    ${thereIs(sql`from users a where a.id = ${column(c, 'author_id')} and a.disabled_at is null`)}
    and ${notBlocked(viewer, `${c}.author_id`)})))`;

import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey, missingByKey } from '../platform/database/exists-by-key.js';
import { isActive } from './accounts.js';

/** Null for an anonymous viewer. */
export type ViewerId = string | null;
/** The same, or a column that holds it, for queries over many viewers. */
export type ViewerRef = ViewerId | Statement<string>;
/** The other user: the column of their id, as `m.owner_id`, or the id itself, of which PostgreSQL asks only once. */
type UserRef = string | Statement<string>;
const idOf = (user: UserRef) => (typeof user === 'string' ? sql.ident(user) : user);

/** The other user does not block the viewer, who may still block them. */
export const notBlockedBy = (viewer: ViewerRef, user: UserRef): Statement<boolean> =>
  viewer === null
    ? sql<boolean>`true`
    : missingByKey(sql`from blocks b where b.blocker_id = ${idOf(user)} and b.blocked_id = ${viewer}`);

/** Neither user blocks the other. */
export const notBlocked = (viewer: ViewerRef, user: UserRef): Statement<boolean> =>
  viewer === null
    ? sql<boolean>`true`
    : sql<boolean>`(${missingByKey(sql`from blocks b where b.blocker_id = ${viewer} and b.blocked_id = ${idOf(user)}`)}
        and ${notBlockedBy(viewer, user)})`;

/**
 * The owner is not muted by the viewer.
 * @param user the column of the owner's id
 */
export const notMuted = (viewer: ViewerRef, user: string): Statement<boolean> =>
  viewer === null
    ? sql<boolean>`true`
    : missingByKey(sql`from mutes s where s.muter_id = ${viewer} and s.muted_id = ${sql.ident(user)}`);

/**
 * An accepted follow.
 * @param user who follows
 * @param other the column of who is followed
 */
export const follows = (user: string | Statement<string>, other: string): Statement<boolean> =>
  existsByKey(sql`from follows f
    where f.follower_id = ${user} and f.followee_id = ${sql.ident(other)} and f.accepted_at is not null`);

/** An active account that the viewer follows. */
export const isFollowed = (viewer: string | Statement<string>, owner: string) => sql<boolean>`(
  ${existsByKey(sql`from users o where o.id = ${sql.ident(owner)} and ${isActive('o')}`)}
  and ${follows(viewer, owner)})`;

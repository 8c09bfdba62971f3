import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { hiddenRows, visibleCounts } from '../media/visible-counts.js';
import { notBlockedBy, type ViewerId } from '../visibility/relations.js';
import { afterCursor, keyOf, keysetPage, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import type { PageQuery } from '../platform/http/page.js';
import { avatarUrl, photoHref, type Profile, type Relation } from './users.schemas.js';
import { isActive, isNamed } from '../visibility/accounts.js';

interface ProfileRow extends Pick<
  Profile,
  'username' | 'displayName' | 'bio' | 'color' | 'pronouns' | 'links' | 'isPrivate' | 'counts'
> {
  id: string;
  profilePhotoId: string | null;
  channelPhotoId: string | null;
  email: string;
  emailVerified: boolean;
  pendingEmail: string | null;
  birthday: string | null;
  locale: string;
  allowMessages: NonNullable<Profile['allowMessages']>;
  readReceipts: boolean;
  pushText: boolean;
  showPresence: NonNullable<Profile['showPresence']>;
  role: NonNullable<Profile['role']>;
  createdAt: string | Date;
  viewer: Relation;
}

/** Whether a follow between the two exists and meets a condition. */
const follow = (follower: Statement<unknown>, followee: Statement<unknown>, holds: Statement<boolean>) =>
  sql`(select ${holds} from follows f where f.follower_id = ${follower} and f.followee_id = ${followee}) is true`;

/**
 * The viewer's relation to `u`. By scalar subqueries: the planner might turn joins into a scan of all whom the viewer
 * follows.
 */
const relation = (viewer: ViewerId) => {
  const [me, them] = [sql`${viewer}::uuid`, sql.raw('u.id')];
  return sql`
    json_build_object('following', ${follow(me, them, sql`f.accepted_at is not null`)},
      'requested', ${follow(me, them, sql`f.accepted_at is null`)}, 'followsMe', ${follow(them, me, sql`f.accepted_at is not null`)},
      'blocking', ${existsByKey(sql`from blocks b where b.blocker_id = ${me} and b.blocked_id = u.id`)},
      'muting', ${existsByKey(sql`from mutes s where s.muter_id = ${me} and s.muted_id = u.id`)}) as viewer`;
};

/** Somebody who blocks a user can still read their profile, but nothing they published. */
const published = (column: Statement) =>
  [column, sql`case when u.id = any(hidden.ids) then ${column} else 0 end`] as const;
const hiddenFollows = (alias: string, stored: Statement, key: string, user: string) =>
  hiddenRows(alias, {
    ...{ table: 'follows', key, user, row: 'u', stored },
    isCounted: sql<boolean>`y.accepted_at is not null and y.is_counted`,
  });
const counts = visibleCounts(
  {
    followers: [sql`u.followers_count`, sql`b.number`],
    followings: [sql`u.followings_count`, sql`a.number`],
    photos: published(sql`u.photos_count`),
    videos: published(sql`u.videos_count`),
    musics: published(sql`u.musics_count`),
    views: [sql`u.views_count`],
    likesReceived: [sql`u.likes_received_count`],
  },
  sql.join([
    hiddenFollows('b', sql`u.followers_count`, 'followee_id', 'follower_id'),
    hiddenFollows('a', sql`u.followings_count`, 'follower_id', 'followee_id'),
  ]),
);

/** Everything a profile shows, as columns of `u` (users). */
const columns = (viewer: ViewerId) => sql`
  u.id, u.username, u.display_name as "displayName", u.bio, u.color, u.pronouns, u.links, u.is_private as "isPrivate",
  u.profile_photo_id as "profilePhotoId", u.channel_photo_id as "channelPhotoId", u.created_at as "createdAt", u.email, u.email_verified_at is not null as "emailVerified", u.role,
  u.pending_email as "pendingEmail", u.birthday::text as birthday, u.locale, u.allow_messages as "allowMessages", u.read_receipts as "readReceipts", u.push_text as "pushText",
  u.show_presence as "showPresence",
  ${counts(viewer)} as counts,
  ${relation(viewer)}`;

/** Where a list of users comes from. Rows are `u` (users). */
export interface ProfileSource {
  keyset: Keyset;
  /** Another relation joined to `u`: `join follows f on f.follower_id = u.id`. */
  join?: Statement<unknown>;
  /** Conditions of the list, and who may see whom in it: `notBlocked(viewer, 'u.id')`. */
  where: Statement<boolean>[];
}

/** Reads profiles, each page in one statement whatever its size. Disabled accounts never appear. */
@Injectable()
export class ProfileReader {
  constructor(private readonly em: EntityManager) {}

  /** As others see it. Users who blocked the viewer are hidden. */
  async byUsername(viewer: ViewerId, username: string): Promise<Profile | null> {
    const row = await this.one(viewer, sql`${isNamed(username)} and ${notBlockedBy(viewer, 'u.id')}`);
    return row && toProfile(row, viewer);
  }

  /** As its owner sees it, without the quota. */
  async own(id: string) {
    const row = await this.one(id, sql`u.id = ${id}`);
    if (!row) return null;
    const {
      viewer,
      email,
      emailVerified,
      pendingEmail,
      birthday,
      locale,
      allowMessages,
      readReceipts,
      pushText,
      showPresence,
      role,
    } = row;
    const settings = { locale, allowMessages, readReceipts, pushText, showPresence };
    return { ...shared(row), viewer, email, emailVerified, pendingEmail, birthday, ...settings, role };
  }

  async page(viewer: ViewerId, { keyset, join = sql``, where }: ProfileSource, { limit, cursor }: PageQuery) {
    const conditions = [sql`${isActive()}`, ...where, afterCursor(keyset, cursor)];
    const found = sql<ProfileRow & Keyed>`
      select ${columns(viewer)}, ${keyOf(keyset)} from users u ${join} where ${sql.join(conditions, ' and ')}`;
    const rows = await pageOf(found, keyset, limit).all(this.em);
    return keysetPage(keyset, rows, limit, (row) => toProfile(row, viewer));
  }

  /** The viewer's relation to an existing user. */
  async relation(viewer: string, userId: string): Promise<Relation> {
    const rows = await sql<{ viewer: Relation }>`
      select ${relation(viewer)} from users u where u.id = ${userId}`.all(this.em);
    return rows[0]!.viewer;
  }

  private async one(viewer: ViewerId, where: Statement<unknown>): Promise<ProfileRow | null> {
    const rows = await sql<ProfileRow>`
      select ${columns(viewer)} from users u where ${isActive()} and ${where}`.all(this.em);
    return rows[0] ?? null;
  }
}

/** As others see it. */
const toProfile = (row: ProfileRow, viewer: ViewerId): Profile => ({
  ...shared(row),
  ...(viewer && { viewer: row.viewer }),
});

const shared = ({
  username,
  displayName,
  bio,
  color,
  pronouns,
  links,
  isPrivate,
  createdAt,
  counts,
  ...row
}: ProfileRow) => ({
  username,
  displayName,
  bio,
  color,
  pronouns,
  links,
  avatarUrl: avatarUrl({ userId: row.id, username, profilePhotoId: row.profilePhotoId }),
  channelPhotoUrl: photoHref(username, 'channel', row.channelPhotoId),
  isPrivate,
  createdAt: isoTime(createdAt),
  counts,
});

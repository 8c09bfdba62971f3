import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { photoHref, type Profile } from './users.schemas.js';

export interface ProfileRow extends Pick<
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
  role: NonNullable<Profile['role']>;
  createdAt: Date;
  viewer: NonNullable<Profile['viewer']>;
}

/** A profile as `:viewer` sees it, with the two joins below. */
export const profileColumns = `
  u.id, u.username, u.display_name as "displayName", u.bio, u.color, u.pronouns, u.links, u.is_private as "isPrivate",
  u.profile_photo_id as "profilePhotoId", u.channel_photo_id as "channelPhotoId", u.created_at as "createdAt", u.email, u.email_verified_at is not null as "emailVerified", u.role,
  u.pending_email as "pendingEmail", u.birthday::text as birthday, u.locale,
  json_build_object('followers', u.followers_count, 'followings', u.followings_count, 'photos', u.photos_count,
    'videos', u.videos_count, 'musics', u.musics_count, 'views', u.views_count, 'likesReceived', u.likes_received_count) as counts,
  json_build_object('following', mine.accepted_at is not null, 'requested', mine.follower_id is not null and mine.accepted_at is null,
    'followsMe', theirs.accepted_at is not null,
    'blocking', exists (select 1 from blocks b where b.blocker_id = :viewer and b.blocked_id = u.id),
    'muting', exists (select 1 from mutes s where s.muter_id = :viewer and s.muted_id = u.id)) as viewer`;

export const profileJoins = `
  left join follows mine on mine.follower_id = :viewer and mine.followee_id = u.id
  left join follows theirs on theirs.follower_id = u.id and theirs.followee_id = :viewer`;

const profile = `select ${profileColumns} from users u ${profileJoins} where u.disabled_at is null and `;

@Injectable()
export class UsersQueries {
  constructor(private readonly em: EntityManager) {}

  /** As others see it; `viewer` is the id of who asks. */
  async byUsername(username: string, viewer: string | null): Promise<Profile | null> {
    const row = await this.one('lower(u.username) = lower(?)', viewer, username);
    return row && toProfile(row, viewer);
  }

  /** As its owner sees it, but for the quota. */
  async own(id: string) {
    const row = await this.one('u.id = ?', id, id);
    if (!row) return null;
    const { viewer, email, emailVerified, pendingEmail, birthday, locale, role } = row;
    return { ...shared(row), viewer, email, emailVerified, pendingEmail, birthday, locale, role };
  }

  private async one(where: string, viewer: string | null, value: string): Promise<ProfileRow | null> {
    const viewers: unknown[] = [];
    const statement = (profile + where).replaceAll(':viewer', () => (viewers.push(viewer), '?::uuid'));
    const [row] = await this.em.execute<ProfileRow[]>(statement, [...viewers, value]);
    return row ?? null;
  }
}

/** As others see it. */
export const toProfile = (row: ProfileRow, viewer: string | null): Profile => ({
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
  avatarUrl: photoHref(username, 'profile', row.profilePhotoId),
  channelPhotoUrl: photoHref(username, 'channel', row.channelPhotoId),
  isPrivate,
  createdAt: new Date(createdAt).toISOString(),
  counts,
});

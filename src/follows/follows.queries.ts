import { Injectable } from '@nestjs/common';
import { sql, type Statement } from '../platform/database/sql.js';
import { notBlocked, type ViewerId } from '../visibility/relations.js';
import type { Keyset } from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ProfileReader } from '../users/profile-reader.service.js';
import { UsersService } from '../users/users.service.js';

/** `of` is the side of a follow `f` whose list it is, `shown` the side that is listed. */
const lists = {
  followers: { of: 'f.followee_id', shown: 'f.follower_id', accepted: true },
  followings: { of: 'f.follower_id', shown: 'f.followee_id', accepted: true },
  requests: { of: 'f.followee_id', shown: 'f.follower_id', accepted: false },
  requested: { of: 'f.follower_id', shown: 'f.followee_id', accepted: false },
} as const;
type List = keyof typeof lists;

const newest = (name: List): Keyset => ({ name, columns: [[sql.raw('f.id'), 'uuid']], direction: 'desc' });

/** Who follows whom, newest first, without users hidden by blocks. */
@Injectable()
export class FollowsQueries {
  constructor(
    private readonly users: UsersService,
    private readonly profiles: ProfileReader,
  ) {}

  /** @throws {Problem} `user_not_found`, `private_account`, `not_signed_in` for `me` without a viewer */
  async ofUser(viewer: Viewer | null, username: string, list: 'followers' | 'followings', query: PageQuery) {
    const viewerId = viewer?.id ?? null;
    return this.page(viewerId, await this.users.openTo(viewerId, username), list, query);
  }

  own(viewer: Viewer, list: 'requests' | 'requested', query: PageQuery) {
    return this.page(viewer.id, viewer.id, list, query);
  }

  private page(viewer: ViewerId, userId: string, list: List, query: PageQuery) {
    const { of, shown, accepted } = lists[list];
    const state: Statement<boolean> = accepted ? sql`f.accepted_at is not null` : sql`f.accepted_at is null`;
    return this.profiles.page(
      viewer,
      {
        keyset: newest(list),
        join: sql`join follows f on ${sql.ident(shown)} = u.id`,
        where: [sql`${sql.ident(of)} = ${userId}`, state, notBlocked(viewer, 'u.id')],
      },
      query,
    );
  }
}

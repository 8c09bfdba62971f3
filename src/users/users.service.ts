import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { notBlockedBy } from '../visibility/relations.js';
import type { PageQuery } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { QuotaService } from '../quota/quota.service.js';
import { ProfileReader } from './profile-reader.service.js';
import { UsersListQueries } from './users-list.queries.js';
import { User } from './user.entity.js';
import type { Profile, ProfileFields } from './users.schemas.js';
import { isActive, isNamed } from '../visibility/accounts.js';

@Injectable()
export class UsersService {
  constructor(
    private readonly em: EntityManager,
    private readonly profiles: ProfileReader,
    private readonly lists: UsersListQueries,
    private readonly quota: QuotaService,
  ) {}

  /** @throws {Problem} `user_not_found`, `not_signed_in` for `me` without a viewer */
  async profile(username: string, viewerId: string | null): Promise<Profile> {
    if (username === 'me') {
      if (!viewerId) throw new Problem('not_signed_in');
      return this.ownProfile(viewerId);
    }
    const profile = await this.profiles.byUsername(viewerId, username);
    if (!profile) throw new Problem('user_not_found');
    return profile;
  }

  async ownProfile(id: string): Promise<Profile> {
    const [profile, quota] = await Promise.all([this.profiles.own(id), this.quota.usage(id)]);
    if (!profile) throw new Problem('user_not_found');
    return { ...profile, quota };
  }

  /**
   * The user whose lists the viewer may see: for a private account, only its followers and itself.
   * @returns the id
   * @throws {Problem} `user_not_found`, `private_account`, `not_signed_in` for `me` without a viewer
   */
  async openTo(viewer: string | null, username: string): Promise<string> {
    if (username === 'me') {
      if (!viewer) throw new Problem('not_signed_in');
      return viewer;
    }
    const rows = await sql<{ id: string; open: boolean }>`
      select u.id, not u.is_private or u.id = ${viewer}::uuid or exists (select 1 from follows f
        where f.follower_id = ${viewer}::uuid and f.followee_id = u.id and f.accepted_at is not null) as open
      from users u where ${isNamed(username)} and ${isActive()}
        and ${notBlockedBy(viewer, 'u.id')}`.all(this.em);
    if (!rows[0]) throw new Problem('user_not_found');
    if (!rows[0].open) throw new Problem('private_account');
    return rows[0].id;
  }

  /** @throws {Problem} `not_yours`, `user_not_found` for a name that is neither `me` nor the viewer's */
  async mustBeOwn(username: string, viewer: Viewer): Promise<void> {
    if (username === 'me' || username.toLowerCase() === viewer.username.toLowerCase()) return;
    await this.profile(username, viewer.id);
    throw new Problem('not_yours');
  }

  /** The best matches first. */
  search(viewer: string | null, term: string, page: PageQuery) {
    return this.lists.search(viewer, term, { ...page, sort: 'relevance' });
  }

  /** Changes only the given fields. Runs in the caller's transaction, if there is one. */
  async edit(id: string, fields: ProfileFields): Promise<void> {
    if (Object.values(fields).every((value) => value === undefined)) return;
    await this.em.nativeUpdate(User, { id }, { ...fields, updatedAt: new Date() });
  }
}

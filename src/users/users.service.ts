import { Injectable } from '@nestjs/common';
import { Problem } from '../platform/http/problems.js';
import { QuotaService } from '../quota/quota.service.js';
import { UsersQueries } from './users.queries.js';
import type { Profile } from './users.schemas.js';

@Injectable()
export class UsersService {
  constructor(
    private readonly queries: UsersQueries,
    private readonly quota: QuotaService,
  ) {}

  /** @throws {Problem} `user_not_found`, `not_signed_in` for `me` without a viewer */
  async profile(username: string, viewerId: string | null): Promise<Profile> {
    if (username === 'me') {
      if (!viewerId) throw new Problem('not_signed_in');
      return this.ownProfile(viewerId);
    }
    const profile = await this.queries.byUsername(username, viewerId);
    if (!profile) throw new Problem('user_not_found');
    return profile;
  }

  async ownProfile(id: string): Promise<Profile> {
    const [profile, quota] = await Promise.all([this.queries.own(id), this.quota.usage(id)]);
    if (!profile) throw new Problem('user_not_found');
    return { ...profile, quota };
  }
}

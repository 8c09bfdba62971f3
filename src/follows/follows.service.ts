import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { KeepingService } from '../feeds/keeping.service.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import { Outbox } from '../platform/events/outbox.js';
import { Live } from '../platform/realtime/live.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ProfileReader } from '../users/profile-reader.service.js';
import { UserPairs } from '../users/user-pairs.service.js';
import { FollowRequests } from './follow-requests.service.js';
import type { FollowAnswer } from './follows.schemas.js';

@Injectable()
export class FollowsService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly pairs: UserPairs,
    private readonly profiles: ProfileReader,
    private readonly requests: FollowRequests,
    private readonly keeping: KeepingService,
    private readonly live: Live,
  ) {}

  /**
   * Follows, or requests to. A request made before the account became public turns into a follow.
   * @returns `isNew`: the viewer did not follow before
   * @throws {Problem} `blocked` if the viewer blocks them; those of `UserPairs.hold`
   */
  follow(viewer: Viewer, username: string): Promise<{ isNew: boolean; answer: FollowAnswer }> {
    return this.em.transactional(async (em) => {
      await this.requests.knock(em, username);
      const { id, isPrivate, isBlocked } = await this.pairs.hold(em, viewer, username);
      if (isBlocked) throw new Problem('blocked');
      const changed = await sql`
        insert into follows (follower_id, followee_id, accepted_at)
          values (${viewer.id}, ${id}, case when ${isPrivate} then null else now() end)
        on conflict (follower_id, followee_id) do update set accepted_at = excluded.accepted_at
        where follows.accepted_at is null and excluded.accepted_at is not null returning 1`.all(em);
      if (changed.length) {
        await refuseBeyond(em, 'followings', viewer.id, sql`from follows where follower_id = ${viewer.id}`);
        await this.outbox.record('follow.changed', { followerId: viewer.id, followeeId: id });
        this.live.expect();
      }
      const relation = await this.profiles.relation(viewer.id, id);
      return {
        isNew: changed.length > 0,
        answer: { status: relation.following ? 'following' : 'requested', ...relation },
      };
    });
  }

  /**
   * Ends following, or withdraws the request.
   * @param keep the timeline keeps what it has; if false, what was kept earlier is removed, too
   * @throws {Problem} `limit_reached`
   */
  async unfollow(viewer: Viewer, username: string, keep: boolean): Promise<void> {
    await this.end(viewer, username, (id) => ({ followerId: viewer.id, followeeId: id }), keep);
  }

  async removeFollower(viewer: Viewer, username: string): Promise<void> {
    await this.end(viewer, username, (id) => ({ followerId: id, followeeId: viewer.id }));
  }

  private async end(
    viewer: Viewer,
    username: string,
    edge: (other: string) => { followerId: string; followeeId: string },
    keep = false,
  ): Promise<void> {
    await this.em.transactional(async (em) => {
      const { id } = await this.pairs.hold(em, viewer, username);
      const { followerId, followeeId } = edge(id);
      if (keep) await this.keeping.keep(em, followerId, followeeId);
      const isDropped = !keep && (await this.keeping.drop(em, followerId, followeeId));
      const gone = await sql`
        delete from follows where follower_id = ${followerId} and followee_id = ${followeeId} returning 1`.all(em);
      if (gone.length || isDropped) await this.outbox.record('follow.changed', { followerId, followeeId });
      this.live.expect();
    });
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { retryOnDeadlock } from '../platform/database/retry-on-deadlock.js';
import { sql } from '../platform/database/sql.js';
import { Outbox } from '../platform/events/outbox.js';
import { Live } from '../platform/realtime/live.js';
import type { Keyset } from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ProfileReader } from '../users/profile-reader.service.js';
import { UserPairs } from '../users/user-pairs.service.js';
import type { Relation } from '../users/users.schemas.js';

const newest: Keyset = { name: 'blocks', columns: [[sql.raw('x.id'), 'uuid']], direction: 'desc' };

/** A block hides two users from each other; only the blocker can list or end it. */
@Injectable()
export class BlocksService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly pairs: UserPairs,
    private readonly profiles: ProfileReader,
    private readonly live: Live,
  ) {}

  list({ id }: Viewer, query: PageQuery) {
    const join = sql`join blocks x on x.blocked_id = u.id`;
    return this.profiles.page(id, { keyset: newest, join, where: [sql`x.blocker_id = ${id}`] }, query);
  }

  /**
   * Also ends follows and requests in both directions.
   * @returns whether the block is new
   */
  block(viewer: Viewer, username: string): Promise<{ isNew: boolean; relation: Relation }> {
    return retryOnDeadlock(() =>
      this.em.transactional(async (em) => {
        const { id, isBlocked } = await this.pairs.hold(em, viewer, username);
        if (!isBlocked) {
          // Follows before their notifications, which a trigger of the block deletes: the same lock order as when
          // follows are notified.
          const ended = await sql<{ followerId: string; followeeId: string }>`
            delete from follows where (follower_id, followee_id) in ((${viewer.id}, ${id}), (${id}, ${viewer.id}))
            returning follower_id as "followerId", followee_id as "followeeId"`.all(em);
          await sql`insert into blocks (blocker_id, blocked_id) values (${viewer.id}, ${id})`.all(em);
          await refuseBeyond(em, 'blocks', viewer.id, sql`from blocks where blocker_id = ${viewer.id}`);
          await this.outbox.record('block.changed', { blockerId: viewer.id, blockedId: id });
          await this.outbox.recordAll('follow.changed', ended);
          this.live.expect();
        }
        return { isNew: !isBlocked, relation: await this.profiles.relation(viewer.id, id) };
      }),
    );
  }

  async unblock(viewer: Viewer, username: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const { id } = await this.pairs.hold(em, viewer, username);
      const gone = await sql`
        delete from blocks where blocker_id = ${viewer.id} and blocked_id = ${id} returning 1`.all(em);
      if (!gone.length) return;
      await this.outbox.record('block.changed', { blockerId: viewer.id, blockedId: id });
      this.live.expect();
    });
  }
}

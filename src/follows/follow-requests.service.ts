import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Live } from '../platform/realtime/live.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { UserPairs } from '../users/user-pairs.service.js';
import { sql } from '../platform/database/sql.js';
import { isNamed } from '../visibility/accounts.js';

/**
 * The door of an account. Who follows holds it open with others, who lets everybody in holds it alone: no request slips
 * in that nobody would answer. It comes before all rows, so that who waits for it keeps nobody waiting.
 */
const door = sql`hashtextextended(id::text, 0)`;

/** Private accounts choose their followers. */
@Injectable()
export class FollowRequests {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly pairs: UserPairs,
    private readonly live: Live,
  ) {}

  /** The first statement of a transaction that may ask to follow. */
  async knock(em: EntityManager, username: string): Promise<void> {
    await sql`
      select pg_advisory_xact_lock_shared(${door}) from users
        where ${isNamed(username, 'users')}`.all(em);
  }

  /** @throws {Problem} `request_not_found`, unless they follow already; those of `UserPairs.hold` */
  async accept(viewer: Viewer, username: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const { id } = await this.pairs.hold(em, viewer, username);
      const [follow] = await sql<{ isNew: boolean }>`
        update follows set accepted_at = coalesce(accepted_at, now()) where follower_id = ${id}
          and followee_id = ${viewer.id}
        returning old.accepted_at is null as "isNew"`.all(em);
      if (!follow) throw new Problem('request_not_found');
      if (!follow.isNew) return;
      await this.outbox.record('follow.changed', { followerId: id, followeeId: viewer.id });
      this.live.expect();
    });
  }

  async decline(viewer: Viewer, username: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const [follow] = await sql<{ followerId: string }>`
        delete from follows where followee_id = ${viewer.id} and accepted_at is null
        and follower_id = (select id from users where ${isNamed(username, 'users')})
          returning follower_id as "followerId"`.all(em);
      if (follow) await this.outbox.record('follow.changed', { ...follow, followeeId: viewer.id });
    });
  }

  /**
   * Of an account that becomes public. Runs in the caller's transaction, which has locked nothing yet: the rows of all
   * whose counters move are locked in the order of their ids, the account's own among them.
   */
  async acceptAll(userId: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(${door}) from users where id = ${userId}`.all(this.em);
    await sql`
      with asked as (select follower_id from follows where followee_id = ${userId} and accepted_at is null)
      select 1 from users where id in (select follower_id from asked) or (id = ${userId} and exists (select 1
        from asked))
      order by id for no key update`.all(this.em);
    const accepted = await sql<{ followerId: string }>`
      update follows set accepted_at = now() where followee_id = ${userId} and accepted_at is null
        returning follower_id as "followerId"`.all(this.em);
    this.live.expect();
    await this.outbox.recordAll(
      'follow.changed',
      accepted.map(({ followerId }) => ({ followerId, followeeId: userId })),
    );
  }
}

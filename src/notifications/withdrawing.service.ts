import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Live } from '../platform/realtime/live.js';
import { sql } from '../platform/database/sql.js';
import { lockActors } from './actors.js';
import { comment } from './acts.js';
import { NotificationSync } from './notification-sync.service.js';

/** Entries, or replies, per page. */
const slice = 500;
/** Cursor while there are reactions left to withdraw. */
const reactionsFirst = 'reactions';

/** Withdraws notifications whose rows no longer justify them. */
@Injectable()
export class WithdrawingService {
  constructor(
    private readonly em: EntityManager,
    private readonly sync: NotificationSync,
    private readonly live: Live,
  ) {}

  /**
   * Deletes what was added between two users while they were being blocked; a trigger of the block deleted everything
   * before.
   */
  async fromBlocked(blockerId: string, blockedId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      this.live.expect();
      await lockActors([blockerId, blockedId]).all(em);
      await sql`
        delete from notification_entries e using blocks b
        where b.blocker_id = ${blockerId} and b.blocked_id = ${blockedId}
          and ((e.user_id = b.blocker_id and e.actor_id = b.blocked_id)
            or (e.user_id = b.blocked_id and e.actor_id = b.blocker_id))`.all(em);
    });
  }

  /**
   * A comment that stays only for its replies has no author any more to notify of reactions or replies.
   * @returns where the next page begins
   */
  async fromDeleted(commentId: string, cursor: string | undefined): Promise<string | undefined> {
    if (cursor === undefined || cursor === reactionsFirst) {
      const gone = await sql`
        delete from notification_entries e
        using comments c
        where c.id = ${commentId} and c.deleted_at is not null and e.id = any(array(
          select id from notification_entries where act = 'comment_reaction' and subject_id = ${commentId}
          limit ${slice}))
        returning 1`.all(this.em);
      if (gone.length === slice) return reactionsFirst;
    }
    const after = cursor === reactionsFirst ? undefined : cursor;
    const replies = await sql<{ id: string }>`
      select r.id from comments c join comments r on r.parent_id = c.id
      where c.id = ${commentId} and c.deleted_at is not null
        and (${after ?? null}::uuid is null or r.id > ${after ?? null})
      order by r.id limit ${slice}`.all(this.em);
    await this.sync.reconcile(
      comment,
      replies.map(({ id }) => ({ subjectId: id })),
    );
    return replies.length === slice ? replies.at(-1)!.id : undefined;
  }
}

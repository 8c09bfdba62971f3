import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { sql } from '../platform/database/sql.js';
import { isActive, isNamed } from '../visibility/accounts.js';

export interface OtherUser {
  id: string;
  isPrivate: boolean;
  /** The viewer blocks them. */
  isBlocked: boolean;
}

/** The first step of features that change the relation of two users. */
@Injectable()
export class UserPairs {
  /**
   * The other user, if visible to the viewer. Until the transaction ends, nobody else changes anything between the two:
   * both rows are locked, in the order of their ids, as the triggers that count follows do.
   * @throws {Problem} `user_not_found`, also if they block the viewer; `yourself`
   */
  async hold(em: EntityManager, viewer: Viewer, username: string): Promise<OtherUser> {
    const name = username === 'me' ? viewer.username : username;
    const rows = await sql<{ id: string; is_private: boolean; named: boolean }>`
      select id, is_private, ${isNamed(name, 'users')} as named from users
      where (id = ${viewer.id} or ${isNamed(name, 'users')}) and ${isActive('users')}
        order by id for no key update`.all(em);
    // The account was closed during the request: anything added now would outlive it.
    if (!rows.some(({ id }) => id === viewer.id)) throw new Problem('not_signed_in');
    const other = rows.find(({ named }) => named);
    if (!other) throw new Problem('user_not_found');
    if (other.id === viewer.id) throw new Problem('yourself');
    // A separate statement, so that it sees what was committed while the locks were waited for.
    const blockers = await sql<{ id: string }>`
      select blocker_id as id from blocks where (blocker_id, blocked_id) in ((${viewer.id}, ${other.id}),
        (${other.id}, ${viewer.id}))`.all(em);
    if (blockers.some(({ id }) => id === other.id)) throw new Problem('user_not_found');
    return { id: other.id, isPrivate: other.is_private, isBlocked: blockers.length > 0 };
  }
}

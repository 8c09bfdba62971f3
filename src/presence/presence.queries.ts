import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql } from '../platform/database/sql.js';
import { isOnline } from '../platform/realtime/online.js';
import { isActive, isNamed } from '../visibility/accounts.js';
import { presenceVisibleTo } from '../visibility/presence.js';
import { notBlockedBy } from '../visibility/relations.js';
import type { PresenceAnswer } from './presence.schemas.js';

/** A user, and who asks about them. */
export interface Pair {
  viewerId: string;
  userId: string;
}
export type Seen = Pair & PresenceAnswer;
/** Of an account that is closed there is no name any more. */
export type Known = Omit<Seen, 'username'> & { username: string | null };

@Injectable()
export class PresenceQueries {
  constructor(private readonly em: EntityManager) {}

  /** Users whose profile the viewer may see, by their names in lower case. */
  async named(viewerId: string, usernames: readonly string[]): Promise<Map<string, string>> {
    const rows = await sql<{ id: string; name: string }>`
      select u.id, lower(u.username) as name from unnest(${usernames}::text[]) as asked (name)
      join users u on lower(u.username) = lower(asked.name)
      where ${isActive()} and ${notBlockedBy(viewerId, 'u.id')}`.all(this.em);
    return new Map(rows.map(({ id, name }) => [name, id]));
  }

  /** Whoever may see them. */
  async ids(usernames: readonly string[]): Promise<string[]> {
    const rows = await sql<{ id: string }>`
      select u.id from unnest(${usernames}::text[]) as asked (name)
      join users u on lower(u.username) = lower(asked.name)`.all(this.em);
    return rows.map(({ id }) => id);
  }

  /** @returns the id of a user whose profile the viewer may see */
  async one(viewerId: string, username: string): Promise<string | undefined> {
    const [user] = await sql<{ id: string }>`
      select u.id from users u
      where ${isNamed(username)} and ${isActive()} and ${notBlockedBy(viewerId, 'u.id')}`.all(this.em);
    return user?.id;
  }

  /** Of each pair, what the viewer may know now. */
  async known(pairs: readonly Pair[]): Promise<Known[]> {
    const rows = await sql<Pair & { username: string | null; online: boolean | null; seenAt: string | null }>`
      select p.viewer_id as "viewerId", p.user_id as "userId", u.username,
        case when known.is_so then now.is_online end as online,
        case when known.is_so and not now.is_online then s.seen_at end as "seenAt"
      from unnest(${pairs.map(({ viewerId }) => viewerId)}::uuid[], ${pairs.map(({ userId }) => userId)}::uuid[])
        as p (viewer_id, user_id)
      join users v on v.id = p.viewer_id
      left join users u on u.id = p.user_id and u.deleted_at is null
      left join realtime.streams s on s.user_id = u.id
      cross join lateral (select ${presenceVisibleTo()} as is_so) known
      cross join lateral (select ${isOnline(sql.ident('u', 'id'))} as is_online) now`.all(this.em);
    return rows.map(({ seenAt, ...row }) => ({ ...row, lastSeenAt: seenAt && isoTime(seenAt) }));
  }
}

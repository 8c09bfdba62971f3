import { existsByKey } from '../platform/database/exists-by-key.js';
import { sql, type Statement } from '../platform/database/sql.js';

/**
 * `from … where …` of the messages `x` that a member has not read: of the other one, and not deleted. The index
 * `messages_said_index` has no deleted ones: somebody who writes and deletes all day makes nobody walk over them.
 * @param me the alias of the member's row
 */
export const unreadOf = (me: string): Statement => sql`
  from messages x
  where x.chat_id = ${sql.ident(me, 'chat_id')}
    and x.seq > greatest(${sql.ident(me, 'last_read_seq')}, ${sql.ident(me, 'cleared_seq')})
    and x.sender_id is distinct from ${sql.ident(me, 'user_id')} and x.deleted_at is null`;

export const hasUnread = (me: string): Statement<boolean> =>
  sql<boolean>`(${sql.ident(me, 'last_read_seq')} < ${sql.ident(me, 'last_seq')}
    and ${existsByKey(sql`${unreadOf(me)} order by x.seq limit 1`)})`;

import { sql, type Statement } from '../platform/database/sql.js';

/**
 * `from … where …` of the messages `x` that a member has not read: of the other one, and not deleted.
 * @param me the alias of the member's row
 */
export const unreadOf = (me: string): Statement => sql`
  from messages x
  where x.chat_id = ${sql.ident(me, 'chat_id')}
    and x.seq > greatest(${sql.ident(me, 'last_read_seq')}, ${sql.ident(me, 'cleared_seq')})
    and x.sender_id is distinct from ${sql.ident(me, 'user_id')} and x.deleted_at is null`;

export const hasUnread = (me: string): Statement<boolean> =>
  sql<boolean>`(${sql.ident(me, 'last_read_seq')} < ${sql.ident(me, 'last_seq')} and exists (select 1 ${unreadOf(me)}))`;

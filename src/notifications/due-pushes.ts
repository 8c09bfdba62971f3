import { sql, type Statement } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';
import { notBlocked, notMuted } from '../visibility/relations.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { isMediaSeenBy } from './notification-view.js';

/** In which what happens is pushed together, seconds: those of messages. */
const delay = sql`interval '5 seconds'`;
/** Between two pushes of a group. */
const pause = sql`interval '1 hour'`;

/**
 * What pushes are grouped by, as lists are: a kind, and what it is about. At the push service, a later push takes the
 * place of one with the same topic that was not delivered yet.
 * @param n the alias of a line of `notifications`
 */
export const topicOf = (n: string): Statement<string> => {
  const column = (name: string) => sql.ident(n, name);
  return sql<string>`md5(concat_ws(' ', ${column('kind')}, ${column('media_id')}, ${column('comment_id')},
    ${column('file_id')}, ${column('asker_id')}))`;
};

/**
 * The user wants this kind pushed, and has a browser that takes pushes. Those of messages have rows of their own.
 * @param kind the column of the kind
 * @param p the alias of the preference, which may not exist
 */
export const wantsPush = (user: string, kind: Statement, p = 'p'): Statement<boolean> => sql<boolean>`(
  ${kind} <> 'message' and coalesce(${sql.ident(p, 'push')}, true)
  and exists (select from push_subscriptions s where s.user_id = ${sql.ident(user)}))`;

/**
 * Has lines pushed that were written, or grew. A group that was pushed just now waits for its pause to end.
 * @param lines rows `l` of `notifications`, each with the `actor_id` of an entry that was added
 */
export const setDue = (lines: Statement): Statement => sql`
  insert into notification_pushes as p (user_id, topic, notification_id, actor_id, due_at)
  select distinct on (l.user_id, topic) l.user_id, ${topicOf('l')} as topic, l.id, l.actor_id, now() + ${delay} from (${lines}) l
  order by l.user_id, topic, l.id desc, l.actor_id
  on conflict (user_id, topic) do update set notification_id = excluded.notification_id, actor_id = excluded.actor_id,
    since = case when p.due_at is null then excluded.since else least(p.since, excluded.since) end,
    due_at = coalesce(p.due_at, greatest(excluded.due_at, p.pushed_at + ${pause}))`;

/**
 * Condition on a notification `n`, with its user's preference `p`: it is unread, its user may see what it is about, and
 * still meets somebody who did it after `since`.
 */
export const isPushable = (userId: Statement<string>, since: Statement): Statement<boolean> => sql<boolean>`(
  n.read_at is null and coalesce(p.push, true) and ${isMediaSeenBy(userId)}
  and ${existsByKey(sql`from notification_entries e left join users a on a.id = e.actor_id
    where e.notification_id = n.id and e.created_at >= ${since}
      and (e.actor_id is null or (${isActive('a')} and ${notBlocked(userId, 'a.id')} and ${notMuted(userId, 'a.id')})) limit 1`)})`;

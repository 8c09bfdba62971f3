import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { isActive } from './accounts.js';
import { follows, notBlocked } from './relations.js';

/** Both are aliases of `users`. */
const isFollower = (one: string, other: string) => follows(sql.ident<string>(one, 'id'), `${other}.id`);

/** They have a chat that neither still has as a request. */
const write = (one: string, other: string) =>
  existsByKey(sql`from chat_members a join chat_members b on b.chat_id = a.chat_id and b.user_id = a.partner_id
    where a.user_id = ${sql.ident(one, 'id')} and a.partner_id = ${sql.ident(other, 'id')}
      and a.folder <> 'requests' and b.folder <> 'requests'`);

/** Who are close enough for the default, `mutual`: each follows the other, or they write to each other. */
const areMutual = (one: string, other: string): Statement<boolean> =>
  sql<boolean>`(${isFollower(one, other)} and ${isFollower(other, one)} or ${write(one, other)})`;

/**
 * THE rule of who may know whether somebody is online, and since when not. Who hides it from all does not see it of
 * others.
 * @param v the alias of the viewer, in `users`
 * @param u of the other one
 */
export const presenceVisibleTo = (v = 'v', u = 'u'): Statement<boolean> => sql<boolean>`(
  ${sql.ident(v, 'id')} = ${sql.ident(u, 'id')}
  or ${isActive(u)} and ${sql.ident(v, 'show_presence')} <> 'nobody'
    and ${notBlocked(sql.ident<string>(v, 'id'), `${u}.id`)}
    and case ${sql.ident(u, 'show_presence')} when 'everyone' then true when 'followers' then ${isFollower(v, u)}
      when 'mutual' then ${areMutual(v, u)} else false end)`;

import { existsByKey, missingByKey } from '../platform/database/exists-by-key.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { follows, type ViewerRef } from './relations.js';

/**
 * Whether a user takes messages from somebody: from nobody; from those they follow, and those whom they answered; or
 * from everybody.
 * @param u the alias of that user
 * @param member the alias of that user's row of the chat
 * @param writer the column of who writes
 */
export const mayWriteTo = (u: string, member: string, writer: string): Statement<boolean> => sql<boolean>`(
  case ${sql.ident(u, 'allow_messages')} when 'nobody' then false when 'everyone' then true
    else ${sql.ident(member, 'folder')} <> 'requests' or ${follows(sql.ident<string>(u, 'id'), writer)} end)`;

/**
 * A message that a member can read: not deleted by them.
 * @param me the alias of the member's row
 */
export const messageVisible = (m = 'm', me = 'me'): Statement<boolean> => sql<boolean>`(
  ${sql.ident(m, 'seq')} > ${sql.ident(me, 'cleared_seq')}
  and ${missingByKey(sql`from message_hides h
    where h.user_id = ${sql.ident(me, 'user_id')} and h.chat_id = ${sql.ident(m, 'chat_id')} and h.seq = ${sql.ident(m, 'seq')}`)})`;

/** A file `f` that some message shows the viewer: one of its owner, since people send files of their own. */
export const sentTo = (viewer: ViewerRef, f = 'f'): Statement<boolean> =>
  viewer === null
    ? sql<boolean>`false`
    : existsByKey(sql`from chat_members me join messages m on m.chat_id = me.chat_id and m.file_id = ${sql.ident(f, 'id')}
        where me.user_id = ${viewer} and me.partner_id = ${sql.ident(f, 'owner_id')} and ${messageVisible()} limit 1`);

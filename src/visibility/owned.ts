import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { isActive } from './accounts.js';
import { isFollowed, notBlocked, notMuted, type ViewerRef } from './relations.js';

/** A row with `owner_id` and `visibility`. The rules are the same for all such things. */
export interface Owned {
  alias: string;
  /** Whether others than the owner can see anything of it yet. */
  isReady: Statement<boolean>;
}

const ownerOf = ({ alias }: Owned) => sql.ident<string>(alias, 'owner_id');
const visibilityOf = ({ alias }: Owned) => sql.ident<string>(alias, 'visibility');

/** Anybody with the address may see it. */
export const isOpenToAll = (thing: Owned): Statement<boolean> => sql<boolean>`(
  ${thing.isReady} and ${visibilityOf(thing)} in ('public', 'unlisted')
  and ${existsByKey(sql`from users o where o.id = ${ownerOf(thing)} and ${isActive('o')} and not o.is_private`)})`;

/** THE rule of who may see a thing; every query that can show one uses it. */
export const isSeenBy = (viewer: ViewerRef, thing: Owned): Statement<boolean> => {
  if (viewer === null) return isOpenToAll(thing);
  const owner = `${thing.alias}.owner_id`;
  const follows = sql<boolean>`(
    ${thing.isReady} and ${visibilityOf(thing)} <> 'private' and ${isFollowed(viewer, owner)})`;
  return sql<boolean>`(
    ${ownerOf(thing)} = ${viewer}
    or ((${isOpenToAll(thing)} or ${follows}) and ${notBlocked(viewer, owner)}))`;
};

/** In lists: unlisted and private things only to their owner, and only in the owner's own list. */
export const isListedFor = (viewer: ViewerRef, ownList: boolean, thing: Owned): Statement<boolean> =>
  ownList
    ? sql<boolean>`(
        ${isSeenBy(viewer, thing)} and (${visibilityOf(thing)} <> 'unlisted' or ${ownerOf(thing)} = ${viewer}))`
    : sql<boolean>`(
        ${isSeenBy(viewer, thing)} and ${visibilityOf(thing)} in ('public', 'followers') and ${thing.isReady}
        and ${notMuted(viewer, `${thing.alias}.owner_id`)})`;

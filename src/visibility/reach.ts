import { once } from '../platform/database/once.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { ViewerId } from './relations.js';

/**
 * Who finds a thing in lists and search: candidates are taken among what the viewer may find, so that hidden things take
 * neither their places nor the time to read them. Rows follow their account a moment later, so who may really see a
 * candidate is still to be asked.
 */

/** `reach` of medias and playlists, as indexes know it (migration 0023). Nobody else than the owner finds the rest, 0. */
export const reachOf = { all: sql.raw('2'), followers: sql.raw('1') };

/** The same among the words of a media: there are indexes of those that everybody finds, and of the others. */
export const wordsFoundByAll = sql<boolean>`(w.words @@ '''=reach:all'''::tsquery)`;
export const foundByFollowers: Statement<unknown> = sql`'''=reach:followers'''::tsquery`;

const keysPerQuery = sql.raw('50');
/** The latest accounts that the viewer follows. Each is a key of the index. */
const maxFollowed = sql.raw('1000');
/** Accounts that were opened just now. */
const maxUnsettled = sql.raw('100');

/** Whose things the viewer may find although not everybody does, as rows with an `id`. */
export const ownersFoundBy = (viewer: ViewerId): Statement<unknown> => {
  // Their rows don't say so yet: the job comes to them within moments.
  const unsettled = sql`(select id from users
    where is_open is distinct from (disabled_at is null and not is_private) and deleted_at is null
      and disabled_at is null and not is_private limit ${maxUnsettled})`;
  return viewer === null
    ? unsettled
    : sql`${unsettled} union select ${viewer}::uuid union (select followee_id from follows
        where follower_id = ${once(sql`${viewer}::uuid`)} and accepted_at is not null order by id desc limit ${maxFollowed})`;
};

/**
 * What not everybody finds, but perhaps the viewer, as rows with a `query`. Several small ones: the index compares each
 * key of a query with every other.
 */
export const closedTo = (viewer: ViewerId): Statement<unknown> => sql`
  select ${foundByFollowers} && string_agg(quote_literal(search_facet('owner', o.id::text)), ' | ')::tsquery as query
  from (select o.id, row_number() over () / ${keysPerQuery} as part from (${ownersFoundBy(viewer)}) o) o group by o.part`;

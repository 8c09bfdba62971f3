import { sql, type Statement } from '../platform/database/sql.js';
import type { ViewerId } from './relations.js';

/**
 * Who finds a thing in lists, as the indexes of search know it (migration 0018): candidates are taken among what the
 * viewer may find, so that hidden things don't take their places. Rows follow their account a moment later, so who may
 * really see a candidate is still to be asked.
 */

/** Everybody finds the media; there are indexes of these, and of the others. Medias say it among their words. */
export const wordsFoundByAll = sql<boolean>`(w.words @@ '''=reach:all'''::tsquery)`;
/** The same of a playlist. */
export const playlistFoundByAll = sql<boolean>`(p.visibility = 'public' and p.owner_is_open)`;

/** Its owner and followers find it: for followers, or of an account that is not open. Nobody finds the rest. */
export const foundByFollowers: Statement<unknown> = sql`'''=reach:followers'''::tsquery`;

const keysPerQuery = sql.raw('50');
/** The latest accounts that the viewer follows. Each is a key of the index. */
const maxFollowed = sql.raw('1000');
/** Accounts that were opened just now. */
const maxUnsettled = sql.raw('100');

const ownersOf = (viewer: ViewerId) => {
  // Their rows don't say so yet: the job comes to them within moments.
  const unsettled = sql`(select id from users
    where is_open is distinct from (disabled_at is null and not is_private) and deleted_at is null
      and disabled_at is null and not is_private limit ${maxUnsettled})`;
  return viewer === null
    ? unsettled
    : sql`${unsettled} union select ${viewer}::uuid union (select followee_id from follows
        where follower_id = ${viewer} and accepted_at is not null order by id desc limit ${maxFollowed})`;
};

/**
 * What not everybody finds, but perhaps the viewer, as rows with a `query`. Several small ones: the index compares each
 * key of a query with every other.
 */
export const closedTo = (viewer: ViewerId): Statement<unknown> => sql`
  select ${foundByFollowers} && string_agg(quote_literal(search_facet('owner', o.id::text)), ' | ')::tsquery as query
  from (select o.id, row_number() over () / ${keysPerQuery} as part from (${ownersOf(viewer)}) o) o group by o.part`;

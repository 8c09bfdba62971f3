import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { notBlocked, type ViewerId } from '../media/visibility.js';
import type { KeyKind, Keyset } from '../platform/database/keyset.js';
import { ProfileReader } from './profile-reader.service.js';
import type { UserListQuery, UserSearchQuery, UserSort } from './users.schemas.js';

const order = (name: UserSort, column: string | null, direction: Keyset['direction']): Keyset => ({
  name,
  columns: [...(column ? [[sql.raw(column), 'int' as KeyKind] as const] : []), [sql.raw('u.id'), 'uuid']],
  direction,
});
const orders: Record<UserSort, Keyset> = {
  newest: order('newest', null, 'desc'),
  oldest: order('oldest', null, 'asc'),
  'most-viewed': order('most-viewed', 'u.views_count', 'desc'),
  'least-viewed': order('least-viewed', 'u.views_count', 'asc'),
  'most-followed': order('most-followed', 'u.followers_count', 'desc'),
  'least-followed': order('least-followed', 'u.followers_count', 'asc'),
  relevance: order('relevance', 'found.rank', 'desc'),
};

/** What is searched in; the index is on this very expression. */
const text = sql`searchable(u.username || ' ' || u.display_name)`;

/** More are not ranked: of a name that very many have, these and some of the most followed. */
const most = 500;
const popular = 2_000;

/** Everybody, and whom a term finds: but nobody who blocked the viewer, or whom they blocked. */
@Injectable()
export class UsersListQueries {
  constructor(private readonly profiles: ProfileReader) {}

  list(viewer: ViewerId, { sort, ...page }: UserListQuery) {
    return this.profiles.page(viewer, { keyset: orders[sort], where: [notBlocked(viewer, 'u.id')] }, page);
  }

  search(viewer: ViewerId, term: string, { sort, ...page }: UserSearchQuery) {
    const plain = term.replace(/[\\%_]/g, (c) => `\\${c}`);
    const inside = sql`'%' || searchable(${plain}) || '%'`;
    // In thousandths: how well a name fits. The whole username first, then its beginning, then what is written alike
    // (pg_trgm), so that typing errors are forgiven.
    const matches = sql`(${text} like ${inside} or searchable(${term}) <% ${text})`;
    const rank = sql`(case when lower(u.username) = lower(${term}) then 3000
      when lower(u.username) like ${`${plain.toLowerCase()}%`} then 2000
      when ${text} like ${inside} then 1000 else 0 end + round(word_similarity(searchable(${term}), ${text}) * 999))::int`;
    return this.profiles.page(
      viewer,
      {
        keyset: orders[sort],
        join: sql`
          join (
            with matching as materialized (select u.id from users u where ${matches} and u.disabled_at is null limit ${most})
            select id from matching union select id from users where lower(username) = lower(${term})
            union select u.id from (select id, username, display_name from users where disabled_at is null
                order by followers_count desc, id desc limit ${popular}) u
              where (select count(*) from matching) = ${most} and ${matches}
          ) c on c.id = u.id
          cross join lateral (select ${rank} as rank offset 0) found`,
        where: [notBlocked(viewer, 'u.id')],
      },
      page,
    );
  }
}

import { Injectable } from '@nestjs/common';
import { once } from '../platform/database/once.js';
import { isAlike, likeTerm } from '../platform/database/trigrams.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { notBlocked, type ViewerId } from '../visibility/relations.js';
import type { KeyKind, Keyset } from '../platform/database/keyset.js';
import { ProfileReader } from './profile-reader.service.js';
import type { UserListQuery, UserSearchQuery, UserSort } from './users.schemas.js';
import { isActive, isNamed } from '../visibility/accounts.js';

const ordersBy = (id: Statement, views: Statement, followers: Statement) => {
  const order = (name: UserSort, direction: Keyset['direction'], column?: Statement): Keyset => ({
    name,
    columns: [...(column ? [[column, 'int' as KeyKind] as const] : []), [id, 'uuid']],
    direction,
  });
  return {
    newest: order('newest', 'desc'),
    oldest: order('oldest', 'asc'),
    'most-viewed': order('most-viewed', 'desc', views),
    'least-viewed': order('least-viewed', 'asc', views),
    'most-followed': order('most-followed', 'desc', followers),
    'least-followed': order('least-followed', 'asc', followers),
    relevance: order('relevance', 'desc', sql`found.rank`),
  };
};
const orders = ordersBy(sql`u.id`, sql`u.views_count`, sql`u.followers_count`);
/**
 * For sorting few users that were already found. `+ 0` hides the counters from their indexes: the planner must sort the
 * found rows instead of scanning all users.
 */
const ordersOfFound = ordersBy(sql`c.id`, sql`(u.views_count + 0)`, sql`(u.followers_count + 0)`);

/** The searched text; the index is on this very expression. */
const text = sql`searchable(u.username || ' ' || u.display_name)`;

/** Ranking stops here: of more matches, these and some of the most followed are ranked. */
const maxCandidates = sql.raw('500');
const popular = sql.raw('1000');

/** Lists and searches users, without users hidden by blocks. */
@Injectable()
export class UsersListQueries {
  constructor(private readonly profiles: ProfileReader) {}

  list(viewer: ViewerId, { sort, ...page }: UserListQuery) {
    return this.profiles.page(viewer, { keyset: orders[sort], where: [notBlocked(viewer, 'u.id')] }, page);
  }

  search(viewer: ViewerId, term: string, { sort, ...page }: UserSearchQuery) {
    const plain = term.replace(/[\\%_]/g, (c) => `\\${c}`);
    const [wanted, inside] = [once(sql`searchable(${term})`), once(sql`'%' || searchable(${plain}) || '%'`)];
    // How well a name fits, in thousandths: the whole username first, then its beginning, then similar spelling
    // (pg_trgm), which forgives typing errors.
    const matches = sql`(${likeTerm(term, text, inside)} or ${isAlike(term, wanted, text)})`;
    const rank = sql`(case when ${isNamed(term)} then 3000
      when lower(u.username) like ${`${plain.toLowerCase()}%`} then 2000
      when ${text} like ${inside} then 1000 else 0 end + round(word_similarity(${wanted}, ${text}) * 999))::int`;
    return this.profiles.page(
      viewer,
      {
        keyset: ordersOfFound[sort],
        join: sql`
          join (
            with matching as materialized (select u.id from users u where ${matches} and ${isActive()} limit ${maxCandidates})
            select id from matching union select id from users where ${isNamed(term, 'users')}
            union select u.id from (select id, username, display_name from users where ${isActive('users')}
                order by followers_count desc, id desc limit ${popular}) u
              where (select count(*) from matching) = ${maxCandidates} and ${matches}
          ) c on c.id = u.id
          cross join lateral (select ${rank} as rank offset 0) found`,
        where: [notBlocked(viewer, 'u.id')],
      },
      page,
    );
  }
}

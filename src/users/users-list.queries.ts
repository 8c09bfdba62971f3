import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { decodeCursor, encodeCursor, toPage } from '../platform/http/page.js';
import { profileColumns, profileJoins, toProfile, type ProfileRow } from './users.queries.js';
import type { UserListQuery, UserSearchQuery, UserSort } from './users.schemas.js';

type Row = ProfileRow & { key: string | number };

interface Order {
  /** What is sorted by before the id, as text or a number. */
  key: string;
  direction: 'asc' | 'desc';
  /** How the key stands in a cursor, and as what it is compared. */
  type: z.ZodType<string | number>;
  cast: string;
}
const by = (key: string, direction: Order['direction'], type: Order['type'], cast: string): Order => ({
  key,
  direction,
  type,
  cast,
});
const byCount = (column: string, direction: Order['direction']) => by(`u.${column}`, direction, z.int32(), 'int');

const orders: Record<UserSort, Order> = {
  newest: by('u.id', 'desc', z.uuid(), 'uuid'),
  oldest: by('u.id', 'asc', z.uuid(), 'uuid'),
  'most-viewed': byCount('views_count', 'desc'),
  'least-viewed': byCount('views_count', 'asc'),
  'most-followed': byCount('followers_count', 'desc'),
  'least-followed': byCount('followers_count', 'asc'),
  relevance: by('found.rank', 'desc', z.int32(), 'int'),
};

/** What is searched in; the index is on this very expression. */
const text = `searchable(u.username || ' ' || u.display_name)`;

/**
 * In thousandths: how well a name fits. The whole username first, then its beginning, then what is written alike
 * (pg_trgm), so that typing errors are forgiven.
 */
const rank = `(case when lower(u.username) = lower(:term) then 3000 when lower(u.username) like :prefix then 2000
  when ${text} like :inside then 1000 else 0 end + round(word_similarity(searchable(:term), ${text}) * 999))::int`;

/** Pages of profiles, each one statement. */
@Injectable()
export class UsersListQueries {
  constructor(private readonly em: EntityManager) {}

  list(viewer: string | null, query: UserListQuery) {
    return this.page(viewer, query, '', { viewer });
  }

  search(viewer: string | null, term: string, query: UserSearchQuery) {
    const plain = term.replace(/[\\%_]/g, (c) => `\\${c}`);
    const found = `cross join lateral (select ${rank} as rank) found`;
    return this.page(viewer, query, found, { viewer, term, prefix: `${plain.toLowerCase()}%`, inside: plain });
  }

  private async page(
    viewer: string | null,
    { sort, limit, cursor }: UserListQuery | UserSearchQuery,
    found: string,
    values: Record<string, unknown>,
  ) {
    const { key, direction, type, cast } = orders[sort];
    const start = decodeCursor(cursor, sort, z.tuple([type, z.uuid()]));
    const compare = direction === 'desc' ? '<' : '>';
    const conditions = [
      'u.disabled_at is null',
      ...(found ? [`(${text} like '%' || searchable(:inside) || '%' or searchable(:term) <% ${text})`] : []),
      ...(start ? [`(${key}, u.id) ${compare} (:after::${cast}, :afterId::uuid)`] : []),
    ];
    const rows = await this.run(
      `select ${profileColumns}, ${key} as key from users u ${profileJoins} ${found}
       where ${conditions.join(' and ')} order by ${key} ${direction}, u.id ${direction} limit :limit`,
      { ...values, after: start?.[0], afterId: start?.[1], limit: limit + 1 },
    );
    return toPage(
      rows,
      limit,
      (row) => encodeCursor(sort, [row.key, row.id]),
      (row) => toProfile(row, viewer),
    );
  }

  private run(statement: string, values: Record<string, unknown>): Promise<Row[]> {
    const params: unknown[] = [];
    const text = statement.replace(/(?<!:):([a-zA-Z]+)/g, (_, name: string) => {
      params.push(values[name] ?? null);
      return name === 'viewer' ? '?::uuid' : '?';
    });
    return this.em.execute<Row[]>(text, params);
  }
}

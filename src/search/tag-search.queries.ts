import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { isTagOpen } from '../media/visibility.js';
import { afterCursor, keyOf, keysetPage, orderOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';
import type { TagView } from '../tags/tags.schemas.js';

/** The tag itself, those that begin so, those written alike; in each, the most used first. */
const best: Keyset = {
  name: 'tags',
  columns: [
    [sql.raw('t.rank'), 'int'],
    [sql.raw('t.medias_count'), 'int'],
    [sql.raw('t.id'), 'uuid'],
  ],
  direction: 'desc',
};
/** More are not ranked: the most used. */
const most = 1_000;

@Injectable()
export class TagSearchQueries {
  constructor(private readonly em: EntityManager) {}

  async search(term: string, { limit, cursor }: PageQuery) {
    const name = term.replace(/^#/, '');
    const inside = `${name.replace(/[\\%_]/g, (c) => `\\${c}`)}%`;
    const plain = sql`searchable(t.name)`;
    // In their order first: no more are looked at than the page needs.
    const { rows } = await sql<TagView & Keyed>`
      select t.name, json_build_object('medias', t.medias_count) as counts, ${keyOf(best)}
      from (
        select t.* from (
          select t.*, case when ${plain} = searchable(${name}) then 3000
            when ${plain} like searchable(${inside}) then 2000 else round(999 * similarity(searchable(${name}), ${plain})) end::int as rank
          from (select t.* from tags t where t.medias_count > 0
              and (${plain} like searchable(${inside}) or (searchable(${name}) <% ${plain}))
            order by t.medias_count desc, t.id desc limit ${most}) t offset 0) t
        where ${afterCursor(best, cursor)} order by ${orderOf(best)} offset 0) t
      where ${isTagOpen()} order by ${orderOf(best)} limit ${limit + 1}`.execute(this.em);
    return keysetPage(best, rows, limit, ({ name, counts }) => ({ name, counts }));
  }
}

import { isAlike, likeTerm } from '../platform/database/trigrams.js';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { once } from '../platform/database/once.js';
import { sql } from '../platform/database/sql.js';
import { tagCounts } from '../media/visible-counts.js';
import { isTagOpen } from '../visibility/tags.js';
import type { ViewerId } from '../visibility/relations.js';
import {
  afterCursor,
  keyOf,
  keysetPage,
  orderOf,
  pageOf,
  type Keyed,
  type Keyset,
} from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';
import type { TagAnswer } from '../tags/tags.schemas.js';

/** The exact tag, then prefixes, then similar spelling; in each group, the most used first. */
const best: Keyset = {
  name: 'tags',
  columns: [
    [sql.raw('t.rank'), 'int'],
    [sql.raw('t.medias_count'), 'int'],
    [sql.raw('t.id'), 'uuid'],
  ],
  direction: 'desc',
};
/** Ranking stops here: of more matches, these and some of the most used are ranked. */
const maxCandidates = sql.raw('500');
const popular = sql.raw('1000');

@Injectable()
export class TagSearchQueries {
  constructor(private readonly em: EntityManager) {}

  async search(viewer: ViewerId, term: string, { limit, cursor }: PageQuery) {
    const name = term.replace(/^#/, '');
    const beginning = `${name.replace(/[\\%_]/g, (c) => `\\${c}`)}%`;
    const [wanted, inside] = [once(sql`searchable(${name})`), once(sql`searchable(${beginning})`)];
    const plain = sql`searchable(t.name)`;
    const matches = sql`(${likeTerm(name, plain, inside)} or ${isAlike(name, wanted, plain)})`;
    // Sorted first, so that visibility is checked only for the rows that the page needs.
    const found = sql<TagAnswer & Keyed>`
      select t.name, ${tagCounts(viewer)} as counts, ${keyOf(best)}
      from (
        select t.* from (
          select t.*, case when ${plain} = ${wanted} then 3000
            when ${plain} like ${inside} then 2000 else round(999 * similarity(${wanted}, ${plain})) end::int as rank
          from (
            with matching as materialized (select t.id from tags t where t.medias_count > 0 and ${matches} limit ${maxCandidates})
            select id from matching union select id from tags where name = lower(${name})
            union select t.id from (select id, name from tags where medias_count > 0
                order by medias_count desc, id desc limit ${popular}) t
              where (select count(*) from matching) = ${maxCandidates} and ${matches}
          ) c join tags t on t.id = c.id where t.medias_count > 0 offset 0) t
        where ${afterCursor(best, cursor)} order by ${orderOf(best)} offset 0) t
      where ${isTagOpen()}`;
    const rows = await pageOf(found, best, limit).all(this.em);
    return keysetPage(best, rows, limit, ({ name, counts }) => ({ name, counts }));
  }
}

import { Injectable } from '@nestjs/common';
import { sql, type Statement } from '../platform/database/sql.js';
import { MediaReader, mediaFilters, mediaOrder, mediaOrders } from '../media/media-reader.service.js';
import { listedFor, type ViewerId } from '../media/visibility.js';
import type { MediaSearchQuery } from './search.schemas.js';

/** More are not ranked: of a word that very many have, these and the newest. */
const most = 500;
/** How far back the newest are looked for. */
const recent = 5_000;
/** With fewer than that, what is written alike is looked for, too: and this many of it. */
const few = 10;
const alike = 200;

const orders = { ...mediaOrders, relevance: mediaOrder('relevance', 'desc', 'found.rank') };

/**
 * Medias by their words. However common a word is, a bounded number of rows is looked at: candidates first, from
 * indexes, then who may see them, then their rank. Rank and candidates depend on nothing but rows, so pages fit together.
 */
@Injectable()
export class MediaSearchQueries {
  constructor(private readonly reader: MediaReader) {}

  async search(viewer: ViewerId, term: string, { sort, limit, cursor, ...filter }: MediaSearchQuery) {
    const filters = mediaFilters(viewer, filter);
    const join = sql`
      join (${candidates(term, filters)}) c on c.media_id = m.id join media_words w on w.media_id = m.id
      cross join lateral (select ${rank(term)} as rank offset 0) found`;
    const where = [listedFor(viewer, filter.username !== undefined), ...filters];
    return this.reader.page(viewer, { keyset: orders[sort], join, where }, { limit, cursor });
  }
}

const query = (term: string) => sql`search_query(${term})`;
const tagged = (term: string) => sql`select t.id from tags t where t.name = ${term.replace(/^#/, '').toLowerCase()}`;

/**
 * In thousandths: a title that is the term itself, then words (a title's above a description's: ts_rank), where a tag
 * stands between the two, then what is written alike.
 */
const rank = (term: string) => sql`(
  case when w.title = search_plain(${term}) then 2000 else 0 end
  + greatest(
    case when w.words @@ ${query(term)} then 1000 + round(1000 * ts_rank('{0, 0.2, 0, 1}', w.words, ${query(term)})) end,
    case when exists (select 1 from media_tags mt where mt.media_id = m.id and mt.tag_id = (${tagged(term)})) then 1400 end,
    round(999 * word_similarity(search_plain(${term}), w.title))))::int`;

function candidates(term: string, filters: Statement<boolean>[]) {
  // Of what is asked for, or it could be crowded out.
  const among = (id: Statement<unknown>) =>
    filters.length
      ? sql`and exists (select 1 from medias m where m.id = ${id} and ${sql.join(filters, ' and ')})`
      : sql``;
  const inWords = among(sql.raw('w.media_id'));
  return sql`
    with matching as materialized (select w.media_id from media_words w where w.words @@ ${query(term)} ${inWords} limit ${most}),
    newest as materialized (
      select w.media_id from (select media_id, words from media_words order by media_id desc limit ${recent}) w
      where (select count(*) from matching) = ${most} and w.words @@ ${query(term)} ${inWords} limit ${most}),
    tagged as materialized (
      select mt.media_id from media_tags mt where mt.tag_id = (${tagged(term)}) ${among(sql.raw('mt.media_id'))}
      order by mt.media_id desc limit ${most}),
    words as materialized (select * from matching union select * from newest union select * from tagged),
    alike as materialized (
      select w.media_id from media_words w
      where (select count(*) from words) < ${few} and search_plain(${term}) <% w.title ${inWords} limit ${alike})
    select * from words union select * from alike`;
}

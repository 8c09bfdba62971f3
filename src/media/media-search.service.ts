import { isAlike } from '../platform/database/trigrams.js';
import { Injectable } from '@nestjs/common';
import { once } from '../platform/database/once.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { mediaOrder, MediaReader, ordersOfFound } from './media-reader.service.js';
import type { MediaSearchQuery } from './media.schemas.js';
import { listedFor } from '../visibility/medias.js';
import type { ViewerId } from '../visibility/relations.js';
import { isNamed } from '../visibility/accounts.js';
import { closedTo, foundByFollowers, wordsFoundByAll } from '../visibility/reach.js';

/** More are not ranked: where so many of the latest have a word, these, without listing all that have it. */
const most = sql.raw('500');
const recent = sql.raw('5000');
/** With fewer than that, what is written alike is looked for, too: and this many of it. */
const few = sql.raw('10');
const alike = sql.raw('200');

const orders = {
  ...ordersOfFound('c.media_id'),
  relevance: mediaOrder('relevance', 'desc', sql`found.rank`, 'c.media_id'),
};

/**
 * Medias by their words. However common a word is, a bounded number of rows is looked at: candidates first, from
 * indexes, then who may see them, then their rank. Rank and candidates depend on nothing but rows, so pages fit together.
 */
@Injectable()
export class MediaSearch {
  constructor(private readonly reader: MediaReader) {}

  async search(viewer: ViewerId, term: string, { sort, limit, cursor, ...filter }: MediaSearchQuery) {
    const join = sql`
      join (${candidates(viewer, term, filter)}) c on c.media_id = m.id join media_words w on w.media_id = m.id
      cross join lateral (select ${rank(term)} as rank offset 0) found`;
    const where = [listedFor(viewer, filter.username !== undefined)];
    return this.reader.page(viewer, { keyset: orders[sort], join, where }, { limit, cursor });
  }
}

type Filter = Pick<MediaSearchQuery, 'type' | 'username' | 'tag'>;

/** What stands beside the words of a media: quoted, since it has signs. */
const facet = (name: 'type' | 'owner' | 'tag', value: Statement<unknown>) =>
  sql`quote_literal(search_facet(${name}, (${value})::text))::tsquery`;
const tagNamed = (name: string) => facet('tag', sql`select id from tags where name = ${name}`);

const words = (term: string) => sql`search_query(${term})`;
const tagged = (term: string) => tagNamed(term.replace(/^#/, '').toLowerCase());
const plain = (term: string) => once(sql`search_plain(${term})`);

/**
 * In thousandths: a title that is the term itself, then words (a title's above a description's: ts_rank), where a tag
 * stands between the two, then what is written alike.
 */
const rank = (term: string) => sql`(
  case when w.title = ${plain(term)} then 2000 else 0 end
  + greatest(
    case when w.words @@ ${once(words(term))} then 1000 + round(1000 * ts_rank('{0, 0.2, 0, 1}', w.words, ${once(words(term))})) end,
    case when w.words @@ ${once(tagged(term))} then 1400 end,
    round(999 * word_similarity(${plain(term)}, w.title))))::int`;

/**
 * Of what it is narrowed to only, or that could be crowded out: the index has it all, and need not look at rows. What
 * everybody finds has an index of its own, and what few find takes none of its places.
 */
function candidates(viewer: ViewerId, term: string, { type, username, tag }: Filter) {
  const facets: Statement<unknown>[] = [];
  if (type !== 'any') facets.push(facet('type', sql`${type}`));
  if (tag !== undefined) facets.push(tagNamed(tag));
  const open = username === undefined ? facets : [ownerNamed(viewer, username), ...facets];
  const closed = username === undefined ? closedTo(viewer) : sql`select ${closedOf(viewer, username)} as query`;
  const asked = sql`coalesce(${words(term)} || ${tagged(term)}, ${words(term)}, ${tagged(term)})`;
  const have = (parts: Statement<unknown>[]) =>
    parts.length ? sql`w.words @@ ${once(sql.join(parts, ' && '))}` : sql`true`;
  const spelledAlike = sql`(select count(*) from words) < ${few} and ${isAlike(term, plain(term), sql`w.title`)}`;
  return sql`
    with newest as materialized (
      select w.media_id from (
        select media_id, words from media_words w where ${wordsFoundByAll} order by media_id desc limit ${recent}) w
      where ${have([asked, ...open])} limit ${most}),
    matching as materialized (
      select w.media_id from media_words w
      where (select count(*) from newest) < ${most} and ${wordsFoundByAll} and ${have([asked, ...open])} limit ${most}),
    closed as materialized (${closed}),
    few as materialized (
      select w.media_id from closed c cross join lateral (
        select w.media_id from media_words w
        where not ${wordsFoundByAll} and ${have([asked, ...facets])} and w.words @@ c.query limit ${most}) w limit ${most}),
    words as materialized (select * from newest union select * from matching union select * from few)
    select * from words
    union (select w.media_id from media_words w
      where ${spelledAlike} and ${wordsFoundByAll} and ${have(open)} limit ${alike})
    union (select w.media_id from closed c cross join lateral (
        select w.media_id from media_words w
        where ${spelledAlike} and not ${wordsFoundByAll} and ${have(facets)} and w.words @@ c.query limit ${alike}) w
      limit ${alike})`;
}

function ownerNamed(viewer: ViewerId, username: string): Statement<unknown> {
  if (username === 'me') return facet('owner', sql`${viewer}`);
  return facet('owner', sql`select id from users where ${isNamed(username, 'users')}`);
}

/** All of the viewer's own; of another user, what followers find. */
function closedOf(viewer: ViewerId, username: string): Statement<unknown> {
  const owner = ownerNamed(viewer, username);
  if (username === 'me') return owner;
  return sql`(case when (select id from users where ${isNamed(username, 'users')}) = ${viewer}::uuid then ${owner}
    else ${foundByFollowers} && ${owner} end)`;
}

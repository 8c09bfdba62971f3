import { Migration } from '@mikro-orm/migrations';

const unspaced = String.raw`[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]`;

/**
 * Of scripts that put no spaces between words, pairs of characters are found and no longer phrases of single ones. Of two
 * common characters that never follow each other a phrase read every row that has both.
 */
export class Migration0014SearchPairs extends Migration {
  override up() {
    this.addSql(`
      -- ABCD as AB CD BC D: each pair, and the last character, of which no pair begins.
      create or replace function search_spaced(text) returns text language sql immutable strict parallel safe
        return regexp_replace($1, '(${unspaced})(${unspaced}?)', ' \\1\\2 ', 'g') || ' '
          || regexp_replace(
            regexp_replace(regexp_replace($1, '${unspaced}(${unspaced}*)', ' \\1 ', 'g'), '[^${unspaced.slice(1, -1)}]+', ' ', 'g'),
            '(${unspaced})(${unspaced}?)', ' \\1\\2 ', 'g');
      -- The same without that last one, where there is a pair: in the middle of a text it has no word of its own.
      create function search_asked(text) returns text language sql immutable strict parallel safe
        return regexp_replace(regexp_replace($1, '${unspaced}(${unspaced}*)', ' \\1 ', 'g'),
            '(${unspaced}{2})(?:${unspaced}(?!${unspaced}))?|${unspaced}|[^${unspaced.slice(1, -1)}]+', ' \\1 ', 'g') || ' '
          || regexp_replace($1, '(${unspaced}{2})(?:${unspaced}(?!${unspaced}))?|(${unspaced})', ' \\1\\2 ', 'g');

      -- All words; the last one, and a character that stands alone, as the beginning of one. Null where there is none.
      create or replace function search_query(term text) returns tsquery language sql immutable strict parallel safe as $$
        select string_agg('(' || words || case when place = last or word ~ '^${unspaced}$' then ':*' else '' end || ')', ' & ')::tsquery
        from (select word, place, max(place) over () as last, plainto_tsquery('simple', word)::text as words
          from regexp_split_to_table(search_asked(search_plain(term)), ' +') with ordinality w (word, place)
          where numnode(plainto_tsquery('simple', word)) > 0) words
      $$;

      update media_words w set words = search_words(m.title, m.description) || media_facets(m)
      from medias m where m.id = w.media_id and m.title || m.description ~ '${unspaced}';
      reindex index playlists_words_index;
    `);
  }
}

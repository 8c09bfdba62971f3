import { Migration } from '@mikro-orm/migrations';

/**
 * What search finds things by. Words are of no language: lower case, without accents; of scripts that put no spaces
 * between words each character is one, so that a part of a text is a phrase.
 */
export class Migration0004Search extends Migration {
  override up() {
    this.addSql(String.raw`
      -- Signs would make addresses, versions and paths of words: what is left is what people type.
      create function search_plain(text) returns text language sql immutable strict parallel safe
        return btrim(regexp_replace(searchable($1), '[\x01-\x20!-/:-@\[-\x60{-~]+', ' ', 'g'));
      create function search_spaced(text) returns text language sql immutable strict parallel safe
        return regexp_replace($1, '([\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])', ' \1 ', 'g');
      create function search_words(title text, description text) returns tsvector language sql immutable strict parallel safe
        return setweight(to_tsvector('simple', search_spaced(search_plain(title))), 'A')
          || setweight(to_tsvector('simple', search_spaced(search_plain(description))), 'C');

      -- All words, the last one as the beginning of one; null where there is none.
      create function search_query(term text) returns tsquery language sql immutable strict parallel safe as $$
        select string_agg('(' || q || case when place = last then ':*' else '' end || ')', ' & ')::tsquery
        from (select place, max(place) over () as last, phraseto_tsquery('simple', search_spaced(word))::text as q
          from regexp_split_to_table(search_plain(term), ' ') with ordinality w (word, place)
          where numnode(phraseto_tsquery('simple', search_spaced(word))) > 0) words
      $$;

      -- Beside the medias, not in them: whose counters move all day, and no index of words has to hear of it.
      create table media_words (
        media_id uuid primary key references medias on delete cascade,
        title text not null,
        words tsvector not null
      );
      create function write_media_words() returns trigger language plpgsql as $$
      begin
        insert into media_words values (new.id, search_plain(new.title), search_words(new.title, new.description))
        on conflict (media_id) do update set title = excluded.title, words = excluded.words;
        return null;
      end $$;
      create trigger write_media_words after insert on medias for each row execute function write_media_words();
      create trigger rewrite_media_words after update of title, description on medias for each row
        when (old.title is distinct from new.title or old.description is distinct from new.description)
        execute function write_media_words();
      insert into media_words select id, search_plain(title), search_words(title, description) from medias;
      create index media_words_index on media_words using gin (words);
      create index media_words_title_index on media_words using gin (title gin_trgm_ops);

      create index playlists_words_index on playlists using gin (search_words(title, description));
      create index playlists_title_index on playlists using gin (search_plain(title) gin_trgm_ops);
      create index tags_search_index on tags using gin (searchable(name) gin_trgm_ops) where medias_count > 0;
    `);
  }
}

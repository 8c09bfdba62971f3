import { Migration } from '@mikro-orm/migrations';

/** Lists that are filtered and sorted at once, of those who have very much. */
export class Migration0006Lists extends Migration {
  override up() {
    this.addSql(`
      create index medias_owner_type_index on medias (owner_id, type, id desc);
      create index medias_owner_views_index on medias (owner_id, views_count desc, id desc);
      create index medias_owner_likes_index on medias (owner_id, likes_count desc, id desc);
      create index notifications_kind_index on notifications (user_id, kind, id desc) where in_app;
      create index playlists_type_index on playlists (type, id desc) where visibility in ('public', 'followers');

      -- Neither of the two ever changes, so they can stand where a tag's own order is. Whoever adds a row need not know.
      alter table media_tags add column owner_id uuid, add column type text;
      update media_tags mt set owner_id = m.owner_id, type = m.type from medias m where m.id = mt.media_id;
      alter table media_tags alter column owner_id set not null, alter column type set not null;
      create function copy_media_to_tag() returns trigger language plpgsql as $$
      begin
        select owner_id, type into new.owner_id, new.type from medias where id = new.media_id;
        return new;
      end $$;
      create trigger copy_media_to_tag before insert on media_tags for each row execute function copy_media_to_tag();
      create index media_tags_owner_index on media_tags (tag_id, owner_id, media_id desc);
      create index media_tags_type_index on media_tags (tag_id, type, media_id desc);

      -- What a search can be narrowed to, as words that nobody can write: so one index knows of all it is asked for.
      create function search_facet(name text, value text) returns text language sql immutable strict parallel safe
        return '=' || name || ':' || value;
      create function media_facets(m medias) returns tsvector language sql stable
        return array_to_tsvector(array[search_facet('type', m.type), search_facet('owner', m.owner_id::text)]
          || array(select search_facet('tag', mt.tag_id::text) from media_tags mt where mt.media_id = m.id));
      create or replace function write_media_words() returns trigger language plpgsql as $$
      begin
        insert into media_words
          values (new.id, search_plain(new.title), search_words(new.title, new.description) || media_facets(new))
        on conflict (media_id) do update set title = excluded.title, words = excluded.words;
        return null;
      end $$;
      create function retag_media_words() returns trigger language plpgsql as $$
      begin
        update media_words w set words = search_words(m.title, m.description) || media_facets(m)
        from medias m where m.id = w.media_id and m.id in (select media_id from changed);
        return null;
      end $$;
      create trigger retag_media_words_added after insert on media_tags referencing new table as changed
        for each statement execute function retag_media_words();
      create trigger retag_media_words_removed after delete on media_tags referencing old table as changed
        for each statement execute function retag_media_words();
      update media_words w set words = w.words || media_facets(m) from medias m where m.id = w.media_id;
    `);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * Search ranks a bounded number of candidates, so the indexes it takes them from must know who may find a row: otherwise
 * things that nobody may find take all the places (docs/decisions/0018).
 */
export class Migration0018SearchAmongListed extends Migration {
  override up() {
    this.addSql(`
      -- Each thing says whether its owner's account is open: active, and not private. A job makes the rows follow the
      -- account (counters/account-states.service.ts). Users say which state their rows have; null while the job is at work.
      alter table medias add column owner_is_open boolean not null default true;
      alter table playlists add column owner_is_open boolean not null default true;
      alter table users add column is_open boolean default true, add column privacy_changed_at timestamptz;
      update users set is_open = false where is_private or disabled_at is not null;
      update medias m set owner_is_open = false from users u where u.id = m.owner_id and not u.is_open;
      update playlists p set owner_is_open = false from users u where u.id = p.owner_id and not u.is_open;
      create index users_unsettled_privacy_index on users (id)
        where is_open is distinct from (disabled_at is null and not is_private) and deleted_at is null;
      create index users_privacy_changed_index on users (privacy_changed_at) where privacy_changed_at is not null;
      create function copy_owner_state() returns trigger language plpgsql as $$
      begin
        select disabled_at is null and not is_private into new.owner_is_open from users where id = new.owner_id;
        return new;
      end $$;
      create trigger copy_owner_state before insert on medias for each row execute function copy_owner_state();
      create trigger copy_owner_state before insert on playlists for each row execute function copy_owner_state();
      create function note_privacy_change() returns trigger language plpgsql as $$
      begin
        new.privacy_changed_at := now();
        return new;
      end $$;
      create trigger note_privacy_change before update of is_private on users for each row
        when (old.is_private <> new.is_private) execute function note_privacy_change();
      drop trigger tell_of_account_state on users;
      create trigger tell_of_account_state after update of disabled_at, is_private on users for each row
        when (((old.disabled_at is null) <> (new.disabled_at is null) or old.is_private <> new.is_private)
          and new.deleted_at is null)
        execute function tell_of_account_state();

      -- Who finds a thing in lists: all, or the owner and followers, or nobody.
      create function reach_facets(visibility text, owner_is_open boolean) returns tsvector
        language sql immutable strict parallel safe
        return case when visibility = 'public' and owner_is_open then '''=reach:all'''::tsvector
          when visibility in ('public', 'followers') then '''=reach:followers'''::tsvector else ''::tsvector end;
      create function media_reach(m medias) returns tsvector language sql immutable
        return case when m.shown then reach_facets(m.visibility, m.owner_is_open) else ''::tsvector end;
      create or replace function media_facets(m medias) returns tsvector language sql stable
        return array_to_tsvector(array[search_facet('type', m.type), search_facet('owner', m.owner_id::text)]
          || array(select search_facet('tag', mt.tag_id::text) from media_tags mt where mt.media_id = m.id))
          || media_reach(m);
      create function remark_media_words() returns trigger language plpgsql as $$
      begin
        update media_words set words = ts_delete(words, '{=reach:all,=reach:followers}'::text[]) || media_reach(new)
        where media_id = new.id and media_reach(new) <> media_reach(old);
        return null;
      end $$;
      create trigger remark_media_words after update of shown, visibility, owner_is_open on medias for each row
        when (old.shown <> new.shown or old.visibility <> new.visibility or old.owner_is_open <> new.owner_is_open)
        execute function remark_media_words();
      -- What everybody finds has indexes of its own, and so has the rest. Titles spelled alike are in the same ones.
      drop index media_words_index;
      drop index media_words_title_index;
      update media_words w set words = w.words || media_reach(m) from medias m
        where m.id = w.media_id and media_reach(m) <> ''::tsvector;
      create index media_words_open_index on media_words using gin (words, title gin_trgm_ops)
        where words @@ '''=reach:all'''::tsquery;
      create index media_words_closed_index on media_words using gin (words, title gin_trgm_ops)
        where not (words @@ '''=reach:all'''::tsquery);
      create index media_words_newest_index on media_words (media_id desc) where words @@ '''=reach:all'''::tsquery;

      create function playlist_words(title text, description text, owner_id uuid, visibility text) returns tsvector
        language sql immutable strict parallel safe
        return search_words(title, description) || array_to_tsvector(array[search_facet('owner', owner_id::text)])
          || reach_facets(visibility, false);
      drop index playlists_words_index;
      drop index playlists_title_index;
      create index playlists_open_index on playlists using gin
        (search_words(title, description), search_plain(title) gin_trgm_ops) where visibility = 'public' and owner_is_open;
      create index playlists_closed_index on playlists using gin
        (playlist_words(title, description, owner_id, visibility), search_plain(title) gin_trgm_ops)
        where not (visibility = 'public' and owner_is_open);

      -- A tag counts what everybody finds; a profile also what followers find of a private account.
      create function is_open(medias) returns boolean language sql immutable
        return coalesce($1.shown and $1.visibility = 'public' and $1.owner_is_open, false);
      update tags t set medias_count = t.medias_count - closed.medias
        from (select mt.tag_id, count(*)::int as medias from media_tags mt join medias m on m.id = mt.media_id
          where is_counted(m) and not is_open(m) group by mt.tag_id) closed
        where t.id = closed.tag_id;
      ${countingTags('is_open')}
      drop trigger count_media_change on medias;
      create trigger count_media_change after update on medias for each row
        when (old.shown is distinct from new.shown or old.visibility is distinct from new.visibility
          or old.owner_is_counted is distinct from new.owner_is_counted
          or old.owner_is_open is distinct from new.owner_is_open)
        execute function count_media();
    `);
  }

  override down() {
    this.addSql(`
      drop trigger count_media_change on medias;
      create trigger count_media_change after update on medias for each row
        when (old.shown is distinct from new.shown or old.visibility is distinct from new.visibility
          or old.owner_is_counted is distinct from new.owner_is_counted)
        execute function count_media();
      update tags t set medias_count = t.medias_count + closed.medias
        from (select mt.tag_id, count(*)::int as medias from media_tags mt join medias m on m.id = mt.media_id
          where is_counted(m) and not is_open(m) group by mt.tag_id) closed
        where t.id = closed.tag_id;
      ${countingTags('is_counted')}
      drop function is_open(medias);

      drop index playlists_open_index;
      drop index playlists_closed_index;
      drop function playlist_words(text, text, uuid, text);
      create index playlists_words_index on playlists using gin (search_words(title, description));
      create index playlists_title_index on playlists using gin (search_plain(title) gin_trgm_ops);

      drop function remark_media_words() cascade;
      create or replace function media_facets(m medias) returns tsvector language sql stable
        return array_to_tsvector(array[search_facet('type', m.type), search_facet('owner', m.owner_id::text)]
          || array(select search_facet('tag', mt.tag_id::text) from media_tags mt where mt.media_id = m.id));
      drop index media_words_newest_index;
      drop index media_words_open_index;
      drop index media_words_closed_index;
      update media_words set words = ts_delete(words, '{=reach:all,=reach:followers}'::text[]);
      create index media_words_index on media_words using gin (words);
      create index media_words_title_index on media_words using gin (title gin_trgm_ops);
      drop function media_reach(medias);
      drop function reach_facets(text, boolean);

      drop trigger tell_of_account_state on users;
      create trigger tell_of_account_state after update of disabled_at on users for each row
        when ((old.disabled_at is null) <> (new.disabled_at is null) and new.deleted_at is null)
        execute function tell_of_account_state();
      drop function note_privacy_change() cascade;
      drop function copy_owner_state() cascade;
      alter table users drop column is_open, drop column privacy_changed_at;
      alter table playlists drop column owner_is_open;
      alter table medias drop column owner_is_open;
    `);
  }
}

/** The triggers that move medias_count of tags. */
const countingTags = (isOpen: 'is_open' | 'is_counted') => `
  create or replace function count_media() returns trigger language plpgsql as $$
  declare
    kind text := coalesce(new.type, old.type);
    moved int := is_counted(new)::int - is_counted(old)::int;
    opened int := ${isOpen}(new)::int - ${isOpen}(old)::int;
  begin
    if opened <> 0 and tg_op = 'UPDATE' then
      perform 1 from tags where id in (select tag_id from media_tags where media_id = new.id) order by id for no key update;
      update tags set medias_count = medias_count + opened where id in (select tag_id from media_tags where media_id = new.id);
    end if;
    if moved = 0 and tg_op <> 'DELETE' then return null; end if;
    update users set
      photos_count = photos_count + case when kind = 'photo' then moved else 0 end,
      videos_count = videos_count + case when kind in ('video', 'reel') then moved else 0 end,
      musics_count = musics_count + case when kind = 'music' then moved else 0 end,
      views_count = views_count - case when tg_op = 'DELETE' then old.views_carried else 0 end,
      likes_received_count = likes_received_count - case when tg_op = 'DELETE' then old.likes_carried else 0 end
    where id = coalesce(new.owner_id, old.owner_id);
    return null;
  end $$;
  create or replace function count_tags_of_deleted() returns trigger language plpgsql as $$
  begin
    if ${isOpen}(old) then
      perform 1 from tags where id in (select tag_id from media_tags where media_id = old.id) order by id for no key update;
      update tags set medias_count = medias_count - 1 where id in (select tag_id from media_tags where media_id = old.id);
    end if;
    return old;
  end $$;
  create or replace function count_media_tag() returns trigger language plpgsql as $$
  begin
    update tags set medias_count = medias_count + case tg_op when 'INSERT' then 1 else -1 end
    where id = coalesce(new.tag_id, old.tag_id)
      and exists (select 1 from medias m where m.id = coalesce(new.media_id, old.media_id) and ${isOpen}(m));
    return null;
  end $$;
`;

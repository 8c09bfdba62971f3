import { Migration } from '@mikro-orm/migrations';

/**
 * Who finds a media or playlist in lists stands in its row, so that lists, like search, take their candidates among what
 * can be found, and nobody reads through what is hidden (docs/decisions/0021).
 */
export class Migration0023Reach extends Migration {
  override up() {
    this.addSql(`
      -- 2: everybody. 1: the owner's followers, and the owner. 0: nobody else than the owner, on the owner's page.
      alter table medias add column reach smallint not null generated always as (
        least(reach_of(visibility), case when not shown then 0 when owner_is_open then 2 else 1 end)) stored;
      alter table playlists add column reach smallint not null generated always as (
        least(reach_of(visibility), case when owner_is_open then 2 else 1 end)) stored;
      alter table activities rename column reach to widest_reach;

      -- In the order of each list what everybody finds, and what only followers find; that also by owner, with all that is
      -- asked for. Indexes that begin with other columns, or read rows, would look dearer than those of the keys.
      drop index medias_newest_index;
      drop index medias_type_index;
      drop index medias_views_index;
      drop index medias_likes_index;
      create index medias_newest_index on medias (id desc) where reach = 2;
      create index medias_newest_closed_index on medias (id desc) where reach = 1;
      create index medias_type_index on medias (type, id desc) where reach = 2;
      create index medias_type_closed_index on medias (type, id desc) where reach = 1;
      create index medias_views_index on medias (views_count desc, id desc) where reach = 2;
      create index medias_views_closed_index on medias (views_count desc, id desc) where reach = 1;
      create index medias_likes_index on medias (likes_count desc, id desc) where reach = 2;
      create index medias_likes_closed_index on medias (likes_count desc, id desc) where reach = 1;
      create index medias_followers_index on medias (owner_id, id desc) where reach = 1;
      create index medias_followers_type_index on medias (owner_id, type, id desc) where reach = 1;
      create index medias_followers_views_index on medias (owner_id, views_count desc, id desc) include (type)
        where reach = 1;
      create index medias_followers_likes_index on medias (owner_id, likes_count desc, id desc) include (type)
        where reach = 1;
      drop index playlists_newest_index;
      drop index playlists_type_index;
      create index playlists_newest_index on playlists (id desc) where reach = 2;
      create index playlists_newest_closed_index on playlists (id desc) where reach = 1;
      create index playlists_type_index on playlists (type, id desc) where reach = 2;
      create index playlists_type_closed_index on playlists (type, id desc) where reach = 1;
      create index playlists_followers_index on playlists (owner_id, id desc) include (type) where reach = 1;

      alter table media_tags add column reach smallint not null default 0;
      alter table activities add column reach smallint not null default 0;
      update media_tags mt set reach = m.reach from medias m where m.id = mt.media_id and m.reach > 0;
      update activities a set reach = m.reach from medias m where m.id = a.media_id and a.verb = 'post' and m.reach > 0;
      drop index media_tags_tag_index;
      drop index media_tags_type_index;
      create index media_tags_tag_index on media_tags (tag_id, reach, media_id desc);
      create index media_tags_type_index on media_tags (tag_id, reach, type, media_id desc);
      create index media_tags_followers_index on media_tags (tag_id, owner_id, media_id desc) include (type)
        where reach = 1;
      drop index activities_posts_index;
      drop index activities_posts_type_index;
      create index activities_posts_index on activities (seq desc) where verb = 'post' and reach = 2;
      create index activities_posts_closed_index on activities (seq desc) where verb = 'post' and reach = 1;
      create index activities_posts_type_index on activities (type, seq desc) where verb = 'post' and reach = 2;
      create index activities_posts_type_closed_index on activities (type, seq desc) where verb = 'post' and reach = 1;
      create index activities_followers_index on activities (actor_id, seq desc) include (media_id, type)
        where verb = 'post' and reach = 1;

      create or replace function copy_media_to_tag() returns trigger language plpgsql as $$
      begin
        -- Locked: what changes the media meanwhile would not see this row, nor this what it changes.
        select owner_id, type, reach into new.owner_id, new.type, new.reach from medias where id = new.media_id for share;
        return new;
      end $$;
      create function copy_reach() returns trigger language plpgsql as $$
      begin
        update media_tags set reach = new.reach where media_id = new.id;
        update activities set reach = new.reach where media_id = new.id and actor_id = new.owner_id and verb = 'post';
        return null;
      end $$;
      create trigger copy_reach after update of reach on medias for each row
        when (old.reach <> new.reach) execute function copy_reach();
      ${writingPosts('widest_reach, reach', 'new.reach')}

      -- The same in search and counters.
      create function reach_facets(reach smallint) returns tsvector language sql immutable strict parallel safe
        return case reach when 2 then '''=reach:all'''::tsvector when 1 then '''=reach:followers'''::tsvector else ''::tsvector end;
      ${markingWords('reach_facets(new.reach)', 'reach_facets(m.reach)')}
      create trigger remark_media_words after update of reach on medias for each row
        when (old.reach <> new.reach) execute function remark_media_words();
      drop function media_reach(medias);
      create or replace function is_open(medias) returns boolean language sql immutable
        return coalesce($1.reach = 2, false);

      drop index playlists_open_index;
      drop index playlists_closed_index;
      drop function playlist_words(text, text, uuid, text);
      drop function reach_facets(text, boolean);
      create function playlist_words(title text, description text, owner_id uuid, reach smallint) returns tsvector
        language sql immutable strict parallel safe
        return search_words(title, description) || array_to_tsvector(array[search_facet('owner', owner_id::text)])
          || reach_facets(reach);
      create index playlists_open_index on playlists using gin
        (search_words(title, description), search_plain(title) gin_trgm_ops) where reach = 2;
      create index playlists_closed_index on playlists using gin
        (playlist_words(title, description, owner_id, reach), search_plain(title) gin_trgm_ops) where reach < 2;
    `);
  }

  override down() {
    this.addSql(`
      drop index playlists_open_index;
      drop index playlists_closed_index;
      drop function playlist_words(text, text, uuid, smallint);
      create function reach_facets(visibility text, owner_is_open boolean) returns tsvector
        language sql immutable strict parallel safe
        return case when visibility = 'public' and owner_is_open then '''=reach:all'''::tsvector
          when visibility in ('public', 'followers') then '''=reach:followers'''::tsvector else ''::tsvector end;
      create function playlist_words(title text, description text, owner_id uuid, visibility text) returns tsvector
        language sql immutable strict parallel safe
        return search_words(title, description) || array_to_tsvector(array[search_facet('owner', owner_id::text)])
          || reach_facets(visibility, false);
      create index playlists_open_index on playlists using gin
        (search_words(title, description), search_plain(title) gin_trgm_ops) where visibility = 'public' and owner_is_open;
      create index playlists_closed_index on playlists using gin
        (playlist_words(title, description, owner_id, visibility), search_plain(title) gin_trgm_ops)
        where not (visibility = 'public' and owner_is_open);

      create or replace function is_open(medias) returns boolean language sql immutable
        return coalesce($1.shown and $1.visibility = 'public' and $1.owner_is_open, false);
      create function media_reach(m medias) returns tsvector language sql immutable
        return case when m.shown then reach_facets(m.visibility, m.owner_is_open) else ''::tsvector end;
      ${markingWords('media_reach(new)', 'media_reach(m)')}
      create trigger remark_media_words after update of shown, visibility, owner_is_open on medias for each row
        when (old.shown <> new.shown or old.visibility <> new.visibility or old.owner_is_open <> new.owner_is_open)
        execute function remark_media_words();
      drop function reach_facets(smallint);

      drop trigger copy_reach on medias;
      drop function copy_reach();
      create or replace function copy_media_to_tag() returns trigger language plpgsql as $$
      begin
        select owner_id, type into new.owner_id, new.type from medias where id = new.media_id;
        return new;
      end $$;
      alter table activities drop column reach;
      alter table activities rename column widest_reach to reach;
      ${writingPosts('reach')}
      create index activities_posts_index on activities (seq desc) where verb = 'post';
      create index activities_posts_type_index on activities (type, seq desc) where verb = 'post';
      alter table media_tags drop column reach;
      create index media_tags_tag_index on media_tags (tag_id, media_id desc);
      create index media_tags_type_index on media_tags (tag_id, type, media_id desc);
      alter table playlists drop column reach;
      create index playlists_newest_index on playlists (id desc) where visibility in ('public', 'followers');
      create index playlists_type_index on playlists (type, id desc) where visibility in ('public', 'followers');
      alter table medias drop column reach;
      create index medias_newest_index on medias (id desc) where shown;
      create index medias_type_index on medias (type, id desc) where shown;
      create index medias_views_index on medias (views_count desc, id desc) where shown;
      create index medias_likes_index on medias (likes_count desc, id desc) where shown;
    `);
  }
}

/** The triggers that write posts. @param columns the first is the widest reach it ever had */
const writingPosts = (columns: string, reach?: string) => {
  const [widest] = columns.split(', ');
  const more = reach ? `, ${reach}` : '';
  return `
      create or replace function write_post() returns trigger language plpgsql as $$
      begin
        insert into activities (media_id, actor_id, verb, type, ${columns})
          values (new.id, new.owner_id, 'post', new.type, reach_of(new.visibility)${more}) on conflict do nothing;
        return null;
      end $$;
      create or replace function publish_later() returns trigger language plpgsql as $$
      declare
        before smallint;
      begin
        delete from activities where media_id = new.id and verb = 'post'
          and (${widest} < reach_of(new.visibility) or created_at < now() - interval '1 day') returning ${widest} into before;
        if found then
          insert into activities (media_id, actor_id, verb, type, ${columns})
            values (new.id, new.owner_id, 'post', new.type, greatest(before, reach_of(new.visibility))${more});
        end if;
        return null;
      end $$;`;
};

/** What writes the words of medias, with who finds them. */
const markingWords = (ofNew: string, ofMedia: string) => `
      create or replace function media_facets(m medias) returns tsvector language sql stable
        return array_to_tsvector(array[search_facet('type', m.type), search_facet('owner', m.owner_id::text)]
          || array(select search_facet('tag', mt.tag_id::text) from media_tags mt where mt.media_id = m.id))
          || ${ofMedia};
      drop trigger remark_media_words on medias;
      create or replace function remark_media_words() returns trigger language plpgsql as $$
      begin
        update media_words set words = ts_delete(words, '{=reach:all,=reach:followers}'::text[]) || ${ofNew}
        where media_id = new.id;
        return null;
      end $$;`;

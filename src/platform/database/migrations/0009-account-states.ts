import { Migration } from '@mikro-orm/migrations';

/**
 * What a disabled account did is in no list, and in no counter either: each of its rows says so itself, so that counting
 * asks nothing but the row. A job makes the rows follow the account (counters/account-states.service.ts).
 */
export class Migration0009AccountStates extends Migration {
  override up() {
    this.addSql(`
      -- What the rows of an account say; where it differs from disabled_at, they are on their way.
      alter table users add column is_counted boolean not null default true;
      create index users_unsettled_index on users (id) where is_counted <> (disabled_at is null) and deleted_at is null;
      create index users_disabled_index on users (disabled_at) where disabled_at is not null and deleted_at is null;
      create function tell_of_account_state() returns trigger language plpgsql as $$
      begin
        insert into outbox_events (name, payload) values ('account.state.changed', jsonb_build_object('userId', new.id));
        return null;
      end $$;
      -- Whoever did it, and by which way. Of a closed account the rows themselves go.
      create trigger tell_of_account_state after update of disabled_at on users for each row
        when ((old.disabled_at is null) <> (new.disabled_at is null) and new.deleted_at is null)
        execute function tell_of_account_state();

      alter table reactions add column is_counted boolean not null default true;
      alter table comment_reactions add column is_counted boolean not null default true;
      alter table reposts add column is_counted boolean not null default true;
      alter table follows add column is_counted boolean not null default true;
      alter table comments add column is_counted boolean not null default true;
      alter table medias add column owner_is_counted boolean not null default true;
      -- The owner of the media, which never changes: who does not meet them does not meet it in a playlist.
      alter table playlist_items add column owner_id uuid, add column is_counted boolean not null default true;
      update playlist_items i set owner_id = m.owner_id from medias m where m.id = i.media_id;
      alter table playlist_items alter column owner_id set not null;
      create function copy_media_to_item() returns trigger language plpgsql as $$
      begin
        select owner_id into new.owner_id from medias where id = new.media_id;
        return new;
      end $$;
      create trigger copy_media_to_item before insert on playlist_items for each row execute function copy_media_to_item();

      -- By whom, of one thing: what a reader who blocks some does not count.
      create index playlist_items_playlist_owner_index on playlist_items (playlist_id, owner_id);
      create index comments_parent_author_index on comments (parent_id, author_id) where parent_id is not null;
      drop index comments_parent_index;
      -- All of one user, in the order in which the job goes through them.
      create index playlist_items_owner_index on playlist_items (owner_id, id);
      create index comment_reactions_whole_user_index on comment_reactions (user_id, id desc);
      drop index comment_reactions_user_index;
      alter index comment_reactions_whole_user_index rename to comment_reactions_user_index;

      create or replace function count_follows() returns trigger language plpgsql as $$
      declare
        ones uuid[]; others uuid[]; moves int[];
      begin
        if tg_op = 'INSERT' then
          select array_agg(follower_id), array_agg(followee_id), array_agg(1) into ones, others, moves
          from added where accepted_at is not null and is_counted;
        elsif tg_op = 'DELETE' then
          select array_agg(follower_id), array_agg(followee_id), array_agg(-1) into ones, others, moves
          from gone where accepted_at is not null and is_counted;
        else
          select array_agg(follower_id), array_agg(followee_id), array_agg(a.n - g.n) into ones, others, moves
          from (select *, (accepted_at is not null and is_counted)::int as n from added) a
          join (select *, (accepted_at is not null and is_counted)::int as n from gone) g using (follower_id, followee_id)
          where a.n <> g.n;
        end if;
        if moves is null then return null; end if;
        -- All in one order, or two who follow each other could wait for each other.
        perform 1 from users where id = any(ones || others) order by id for no key update;
        update users u set followings_count = followings_count + m.followings, followers_count = followers_count + m.followers
        from (select id, sum(followings)::int as followings, sum(followers)::int as followers from (
            select x.id, x.move as followings, 0 as followers from unnest(ones, moves) x (id, move)
            union all select x.id, 0, x.move from unnest(others, moves) x (id, move)) e group by id) m
        where u.id = m.id;
        return null;
      end $$;

      create or replace function count_reaction() returns trigger language plpgsql as $$
      declare
        emoji text := case when new.is_counted then new.emoji end;
        before text := case when old.is_counted then old.emoji end;
      begin
        update medias set
          likes_count = likes_count + (emoji is not distinct from '👍')::int - (before is not distinct from '👍')::int,
          dislikes_count = dislikes_count + (emoji is not distinct from '👎')::int - (before is not distinct from '👎')::int,
          reactions_count = reactions_count + (emoji is not null)::int - (before is not null)::int
        where id = coalesce(new.media_id, old.media_id);
        return null;
      end $$;

      create or replace function count_comment_reaction() returns trigger language plpgsql as $$
      declare
        emoji text := case when new.is_counted then new.emoji end;
        before text := case when old.is_counted then old.emoji end;
      begin
        update comments set
          likes_count = likes_count + (emoji is not distinct from '👍')::int - (before is not distinct from '👍')::int,
          dislikes_count = dislikes_count + (emoji is not distinct from '👎')::int - (before is not distinct from '👎')::int,
          reactions_count = reactions_count + (emoji is not null)::int - (before is not null)::int
        where id = coalesce(new.comment_id, old.comment_id);
        return null;
      end $$;

      create function is_said(comments) returns boolean language sql immutable
        return coalesce($1.deleted_at is null and $1.is_counted and $1.id is not null, false);
      -- One that was deleted is nobody's, so it is listed whatever became of its author.
      create function is_listed(comments) returns boolean language sql immutable
        return coalesce(($1.deleted_at is not null or $1.is_counted) and $1.id is not null, false);
      create or replace function count_comment() returns trigger language plpgsql as $$
      declare
        said int := is_said(new)::int - is_said(old)::int;
        listed int := is_listed(new)::int - is_listed(old)::int;
        parent uuid := coalesce(new.parent_id, old.parent_id);
        above uuid;
      begin
        if parent is not null then
          if listed <> 0 then update comments set replies_count = replies_count + listed where id = parent; end if;
          -- What was deleted, and stood only for its replies: also those that are not counted.
          -- One after the other, by the first of them alone: a long thread would nest deeper than the stack is.
          if tg_op = 'DELETE' and current_setting('vitrine.pruning', true) is distinct from 'on' then
            perform set_config('vitrine.pruning', 'on', true);
            while parent is not null loop
              delete from comments c where c.id = parent and c.deleted_at is not null
                and not exists (select 1 from comments r where r.parent_id = c.id) returning c.parent_id into above;
              exit when not found;
              parent := above;
            end loop;
            perform set_config('vitrine.pruning', '', true);
          end if;
        end if;
        if said <> 0 then
          update medias set comments_count = comments_count + said where id = coalesce(new.media_id, old.media_id);
        end if;
        if old.attachment_id is distinct from new.attachment_id and old.attachment_id is not null then
          update files f set unused_since = now()
          where id = old.attachment_id and not exists (select 1 from media_files mf where mf.file_id = f.id)
            and not exists (select 1 from users u where u.id = f.owner_id and f.id in (u.profile_photo_id, u.channel_photo_id))
            and not exists (select 1 from photo_wishes w where w.file_id = f.id);
        end if;
        -- Without its words it names nobody.
        if new.deleted_at is not null and old.deleted_at is null then
          delete from comment_mentions where comment_id = new.id;
        end if;
        return null;
      end $$;
      drop trigger count_comment on comments;
      create trigger count_comment after insert or delete or update of deleted_at, attachment_id, is_counted on comments
        for each row execute function count_comment();

      create or replace function count_repost() returns trigger language plpgsql as $$
      begin
        update medias set reposts_count = reposts_count + coalesce(new.is_counted, false)::int - coalesce(old.is_counted, false)::int
        where id = coalesce(new.media_id, old.media_id);
        return null;
      end $$;
      drop trigger count_repost on reposts;
      create trigger count_repost after insert or delete or update of is_counted on reposts
        for each row execute function count_repost();

      create or replace function count_playlist_item() returns trigger language plpgsql as $$
      begin
        update playlists set items_count = items_count + coalesce(new.is_counted, false)::int - coalesce(old.is_counted, false)::int
        where id = coalesce(new.playlist_id, old.playlist_id);
        return null;
      end $$;
      drop trigger count_playlist_item on playlist_items;
      create trigger count_playlist_item after insert or delete or update of is_counted on playlist_items
        for each row execute function count_playlist_item();

      create or replace function is_counted(medias) returns boolean language sql immutable
        return coalesce($1.shown and $1.visibility = 'public' and $1.owner_is_counted, false);
      drop trigger count_media_change on medias;
      create trigger count_media_change after update on medias for each row
        when (old.shown is distinct from new.shown or old.visibility is distinct from new.visibility
          or old.owner_is_counted is distinct from new.owner_is_counted
          or old.views_count is distinct from new.views_count or old.likes_count is distinct from new.likes_count)
        execute function count_media();
    `);
  }
}

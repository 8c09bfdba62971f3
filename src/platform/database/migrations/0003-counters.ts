import { Migration } from '@mikro-orm/migrations';

/**
 * Counters are kept where the rows are: whatever adds or takes one (a request, the deletion of an account, a cascade)
 * moves them, in the same transaction. Locks are taken in one direction, from a reaction to its comment, the media, its
 * tags, its owner, so that two transactions never wait for each other; who changes something below a media holds the
 * media's row first (MediaAccess).
 */
export class Migration0003Counters extends Migration {
  override up() {
    this.addSql(`
      -- By the statement, not by the row: an account that becomes public gains thousands of followers in one.
      create function count_follows() returns trigger language plpgsql as $$
      declare
        ones uuid[]; others uuid[]; moves int[];
      begin
        if tg_op = 'INSERT' then
          select array_agg(follower_id), array_agg(followee_id), array_agg(1) into ones, others, moves
          from added where accepted_at is not null;
        elsif tg_op = 'DELETE' then
          select array_agg(follower_id), array_agg(followee_id), array_agg(-1) into ones, others, moves
          from gone where accepted_at is not null;
        else
          select array_agg(follower_id), array_agg(followee_id), array_agg(case when a.accepted_at is null then -1 else 1 end)
          into ones, others, moves
          from added a join gone g using (follower_id, followee_id) where (a.accepted_at is null) <> (g.accepted_at is null);
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
      create trigger count_follows after insert on follows referencing new table as added
        for each statement execute function count_follows();
      create trigger count_unfollows after delete on follows referencing old table as gone
        for each statement execute function count_follows();
      create trigger count_accepted after update on follows referencing new table as added old table as gone
        for each statement execute function count_follows();

      create function count_reaction() returns trigger language plpgsql as $$
      begin
        update medias set
          likes_count = likes_count + (new.emoji is not distinct from '👍')::int - (old.emoji is not distinct from '👍')::int,
          dislikes_count = dislikes_count + (new.emoji is not distinct from '👎')::int - (old.emoji is not distinct from '👎')::int,
          reactions_count = reactions_count + (new.user_id is not null)::int - (old.user_id is not null)::int
        where id = coalesce(new.media_id, old.media_id);
        return null;
      end $$;
      create trigger count_reaction after insert or update or delete on reactions for each row execute function count_reaction();

      create function count_comment_reaction() returns trigger language plpgsql as $$
      begin
        update comments set
          likes_count = likes_count + (new.emoji is not distinct from '👍')::int - (old.emoji is not distinct from '👍')::int,
          dislikes_count = dislikes_count + (new.emoji is not distinct from '👎')::int - (old.emoji is not distinct from '👎')::int,
          reactions_count = reactions_count + (new.user_id is not null)::int - (old.user_id is not null)::int
        where id = coalesce(new.comment_id, old.comment_id);
        return null;
      end $$;
      create trigger count_comment_reaction after insert or update or delete on comment_reactions
        for each row execute function count_comment_reaction();

      -- A media's comments are those that still say something; a comment's replies are what its list shows.
      create function count_comment() returns trigger language plpgsql as $$
      declare
        said int := (new.id is not null and new.deleted_at is null)::int - (old.id is not null and old.deleted_at is null)::int;
        stands int := (new.id is not null)::int - (old.id is not null)::int;
        parent uuid := coalesce(new.parent_id, old.parent_id);
      begin
        if parent is not null and stands <> 0 then
          update comments set replies_count = replies_count + stands where id = parent;
          -- What was deleted, and stood only for its replies.
          if stands < 0 then delete from comments where id = parent and deleted_at is not null and replies_count = 0; end if;
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
      create trigger count_comment after insert or delete or update of deleted_at, attachment_id on comments
        for each row execute function count_comment();

      create function count_repost() returns trigger language plpgsql as $$
      begin
        update medias set reposts_count = reposts_count + case tg_op when 'INSERT' then 1 else -1 end
        where id = coalesce(new.media_id, old.media_id);
        return null;
      end $$;
      create trigger count_repost after insert or delete on reposts for each row execute function count_repost();

      create function count_save() returns trigger language plpgsql as $$
      begin
        update medias set saves_count = saves_count + case tg_op when 'INSERT' then 1 else -1 end
        where id = coalesce(new.media_id, old.media_id);
        return null;
      end $$;
      create trigger count_save after insert or delete on saves for each row execute function count_save();

      create function count_playlist_item() returns trigger language plpgsql as $$
      begin
        update playlists set items_count = items_count + case tg_op when 'INSERT' then 1 else -1 end
        where id = coalesce(new.playlist_id, old.playlist_id);
        return null;
      end $$;
      create trigger count_playlist_item after insert or delete on playlist_items
        for each row execute function count_playlist_item();

      -- A media, then the playlists it is in, then its items there: who changes a playlist holds its row.
      create function hold_playlists_of_deleted() returns trigger language plpgsql as $$
      begin
        perform 1 from playlists where id in (select playlist_id from playlist_items where media_id = old.id)
        order by id for no key update;
        return old;
      end $$;
      create trigger hold_playlists_of_deleted before delete on medias
        for each row execute function hold_playlists_of_deleted();

      -- What a profile counts: what everybody may meet of its medias, and how they were received.
      create function is_counted(medias) returns boolean language sql immutable
        return coalesce($1.shown and $1.visibility = 'public', false);
      create function count_media() returns trigger language plpgsql as $$
      declare
        kind text := coalesce(new.type, old.type);
        moved int := is_counted(new)::int - is_counted(old)::int;
      begin
        if moved <> 0 and tg_op = 'UPDATE' then
          perform 1 from tags where id in (select tag_id from media_tags where media_id = new.id) order by id for no key update;
          update tags set medias_count = medias_count + moved where id in (select tag_id from media_tags where media_id = new.id);
        end if;
        update users set
          photos_count = photos_count + case when kind = 'photo' then moved else 0 end,
          videos_count = videos_count + case when kind in ('video', 'reel') then moved else 0 end,
          musics_count = musics_count + case when kind = 'music' then moved else 0 end,
          views_count = views_count + coalesce(new.views_count, 0) - coalesce(old.views_count, 0),
          likes_received_count = likes_received_count + coalesce(new.likes_count, 0) - coalesce(old.likes_count, 0)
        where id = coalesce(new.owner_id, old.owner_id);
        return null;
      end $$;
      create trigger count_media_deletion after delete on medias for each row execute function count_media();
      create trigger count_media after insert on medias for each row when (new.shown) execute function count_media();
      create trigger count_media_change after update on medias for each row
        when (old.shown is distinct from new.shown or old.visibility is distinct from new.visibility
          or old.views_count is distinct from new.views_count or old.likes_count is distinct from new.likes_count)
        execute function count_media();

      -- Before the row is gone: afterwards nobody can tell whether it was counted.
      create function count_tags_of_deleted() returns trigger language plpgsql as $$
      begin
        if is_counted(old) then
          perform 1 from tags where id in (select tag_id from media_tags where media_id = old.id) order by id for no key update;
          update tags set medias_count = medias_count - 1 where id in (select tag_id from media_tags where media_id = old.id);
        end if;
        return old;
      end $$;
      create trigger count_tags_of_deleted before delete on medias for each row execute function count_tags_of_deleted();

      create function count_media_tag() returns trigger language plpgsql as $$
      begin
        update tags set medias_count = medias_count + case tg_op when 'INSERT' then 1 else -1 end
        where id = coalesce(new.tag_id, old.tag_id)
          and exists (select 1 from medias m where m.id = coalesce(new.media_id, old.media_id) and is_counted(m));
        return null;
      end $$;
      create trigger count_media_tag after insert or delete on media_tags for each row execute function count_media_tag();

      update tags t set medias_count = (select count(*) from media_tags mt join medias m on m.id = mt.media_id
        where mt.tag_id = t.id and is_counted(m));
    `);
  }
}

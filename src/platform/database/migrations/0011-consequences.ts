import { Migration } from '@mikro-orm/migrations';

/**
 * What follows from a like without its request waiting for anybody: no NOTIFY before the commit, no row of the owner, and
 * notifications that are counted by the statement. An event says which jobs it waits for, so that queues may lose them.
 */
export class Migration0011Consequences extends Migration {
  override up() {
    this.addSql(`
      drop trigger outbox_wake on outbox_events;
      drop function outbox_wake();
      alter table outbox_events add column waiting text[] not null default '{}',
        add column rescues smallint not null default 0;
      create index outbox_events_unfinished_index on outbox_events (dispatched_at) where waiting <> '{}';

      -- What of the counters of a media has come to its owner (counters/owner-counts.jobs.ts brings the rest).
      alter table medias add column likes_carried int not null default 0, add column views_carried int not null default 0;
      update medias set likes_carried = likes_count, views_carried = views_count
        where likes_count <> 0 or views_count <> 0;
      create index medias_uncarried_index on medias (id)
        where likes_count <> likes_carried or views_count <> views_carried;
      create or replace function count_media() returns trigger language plpgsql as $$
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
          views_count = views_count - case when tg_op = 'DELETE' then old.views_carried else 0 end,
          likes_received_count = likes_received_count - case when tg_op = 'DELETE' then old.likes_carried else 0 end
        where id = coalesce(new.owner_id, old.owner_id);
        return null;
      end $$;
      drop trigger count_media_change on medias;
      create trigger count_media_change after update on medias for each row
        when (old.shown is distinct from new.shown or old.visibility is distinct from new.visibility
          or old.owner_is_counted is distinct from new.owner_is_counted)
        execute function count_media();

      -- By the statement: fifty who like one media are one change of its line. All positions are taken in one order.
      drop trigger count_notification_entry on notification_entries;
      drop function count_notification_entry();
      drop function next_notification_position(uuid);
      create function count_added_entries() returns trigger language plpgsql as $$
      begin
        with grown as (
          select notification_id, user_id, count(*)::int as entries,
            row_number() over (partition by user_id order by notification_id) as place
          from added group by notification_id, user_id),
        given as (
          insert into notification_positions as p (user_id, last)
          select user_id, max(place) from grown group by user_id order by user_id
          on conflict (user_id) do update set last = p.last + excluded.last
          returning user_id, last),
        placed as (
          select g.notification_id, g.entries, given.last - max(g.place) over (partition by g.user_id) + g.place as position
          from grown g join given on given.user_id = g.user_id)
        update notifications n set actors_count = n.actors_count + placed.entries, position = placed.position
        from placed where n.id = placed.notification_id;
        return null;
      end $$;
      create trigger count_added_entries after insert on notification_entries referencing new table as added
        for each statement execute function count_added_entries();
      create function count_withdrawn_entries() returns trigger language plpgsql as $$
      begin
        perform 1 from notifications where id in (select notification_id from gone) order by id for no key update;
        update notifications n set actors_count = n.actors_count - g.entries
        from (select notification_id, count(*)::int as entries from gone group by notification_id) g
        where n.id = g.notification_id;
        -- Withdrawn by the last of them.
        delete from notifications where id in (select notification_id from gone) and actors_count = 0;
        return null;
      end $$;
      create trigger count_withdrawn_entries after delete on notification_entries referencing old table as gone
        for each statement execute function count_withdrawn_entries();
    `);
  }
}

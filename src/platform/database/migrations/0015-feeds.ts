import { Migration } from '@mikro-orm/migrations';

/** What feeds are made of, whose a timeline has, and timelines written in advance (docs/decisions/0016). */
export class Migration0015Feeds extends Migration {
  override up() {
    this.addSql(`
      create table activities (
        media_id uuid not null references medias on delete cascade,
        actor_id uuid not null references users on delete cascade,
        verb text not null check (verb in ('post', 'repost')),
        type text not null,
        seq bigint unique,
        day date not null default (now() at time zone 'UTC')::date,
        fanout text not null default 'pending' check (fanout in ('pending', 'done', 'merged')),
        created_at timestamptz not null default now(),
        primary key (media_id, actor_id, verb)
      );
      create sequence activities_seq;
      insert into activities (media_id, actor_id, verb, type, seq, day, fanout, created_at)
        select media_id, actor_id, verb, type, row_number() over (order by at, media_id, actor_id), (at at time zone 'UTC')::date, 'done', at
        from (
          select id as media_id, owner_id as actor_id, 'post' as verb, type, coalesce(published_at, created_at) as at
          from medias where shown
          union all
          select r.media_id, r.user_id, 'repost', m.type, r.created_at from reposts r join medias m on m.id = r.media_id) found;
      select setval('activities_seq', (select count(*) + 1 from activities));
      create index activities_actor_index on activities (actor_id, seq desc);
      create index activities_actor_type_index on activities (actor_id, type, seq desc);
      create index activities_day_index on activities (actor_id, verb, day, seq desc);
      create index activities_posts_index on activities (seq desc) where verb = 'post';
      create index activities_posts_type_index on activities (type, seq desc) where verb = 'post';
      create index activities_unwritten_index on activities (actor_id, seq desc) where fanout <> 'done';
      create index activities_pending_index on activities (created_at) where fanout = 'pending';

      -- At the commit, one transaction after the other: numbers become visible in their order.
      create function number_activity() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock(hashtextextended('activities', 0));
        update activities set seq = nextval('activities_seq')
          where media_id = new.media_id and actor_id = new.actor_id and verb = new.verb and seq is null;
        return null;
      end $$;
      create constraint trigger number_activity after insert on activities deferrable initially deferred
        for each row when (new.seq is null) execute function number_activity();

      create function write_post() returns trigger language plpgsql as $$
      begin
        insert into activities (media_id, actor_id, verb, type) values (new.id, new.owner_id, 'post', new.type) on conflict do nothing;
        return null;
      end $$;
      create trigger write_post after insert on medias for each row when (new.shown) execute function write_post();
      create trigger write_post_shown after update of shown on medias for each row when (new.shown and not old.shown)
        execute function write_post();
      create function write_reposts() returns trigger language plpgsql as $$
      begin
        insert into activities (media_id, actor_id, verb, type)
          select r.media_id, r.user_id, 'repost', m.type from added r join medias m on m.id = r.media_id order by r.id on conflict do nothing;
        return null;
      end $$;
      create trigger write_reposts after insert on reposts referencing new table as added for each statement execute function write_reposts();
      create function delete_reposts() returns trigger language plpgsql as $$
      begin
        delete from activities a using gone r where a.media_id = r.media_id and a.actor_id = r.user_id and a.verb = 'repost';
        return null;
      end $$;
      create trigger delete_reposts after delete on reposts referencing old table as gone for each statement execute function delete_reposts();

      create table feed_sources (
        reader_id uuid not null references users on delete cascade,
        actor_id uuid not null references users on delete cascade,
        from_seq bigint not null,
        to_seq bigint,
        is_fed boolean not null default false,
        changed_at timestamptz not null default clock_timestamp(),
        primary key (reader_id, actor_id)
      );
      create index feed_sources_actor_index on feed_sources (actor_id, reader_id) where to_seq is null;
      create index feed_sources_unfed_index on feed_sources (reader_id) where not is_fed;
      create index feed_sources_closed_index on feed_sources (reader_id) where to_seq is not null;

      -- With the last fifty of what is there, or as far back as before.
      create function feed_from(actor uuid) returns bigint language sql stable
        return coalesce((select seq from activities where actor_id = actor and seq is not null order by seq desc offset 49 limit 1), 0);
      create function open_feed_sources() returns trigger language plpgsql as $$
      begin
        insert into feed_sources (reader_id, actor_id, from_seq)
          select follower_id, followee_id, feed_from(followee_id) from added where accepted_at is not null order by follower_id, followee_id
        on conflict (reader_id, actor_id) do update
          set from_seq = least(feed_sources.from_seq, excluded.from_seq), to_seq = null, is_fed = false, changed_at = clock_timestamp()
          where feed_sources.to_seq is not null;
        return null;
      end $$;
      create trigger open_feed_sources after insert on follows referencing new table as added for each statement execute function open_feed_sources();
      create trigger open_feed_sources_accepted after update on follows referencing new table as added
        for each statement execute function open_feed_sources();
      create function end_feed_sources() returns trigger language plpgsql as $$
      begin
        delete from feed_sources s using gone f
          where s.reader_id = f.follower_id and s.actor_id = f.followee_id and s.to_seq is null;
        return null;
      end $$;
      create trigger end_feed_sources after delete on follows referencing old table as gone for each statement execute function end_feed_sources();
      insert into feed_sources (reader_id, actor_id, from_seq)
        select follower_id, followee_id, 0 from follows where accepted_at is not null;

      create index notifications_group_index on notifications (user_id, kind, media_id, position desc) where in_app;
      create table feed_entries (
        reader_id uuid not null,
        seq bigint not null,
        media_id uuid,
        floor boolean,
        primary key (reader_id, seq)
      );
      create unique index feed_entries_floor_index on feed_entries (reader_id) where floor is not null;
      create index feed_entries_media_index on feed_entries (reader_id, media_id, seq) where media_id is not null;
      create table feed_readers (
        reader_id uuid primary key references users on delete cascade,
        seen_at timestamptz not null default now(),
        swept_at timestamptz not null default now()
      );
      create index feed_readers_swept_index on feed_readers (swept_at);
    `);
  }
}

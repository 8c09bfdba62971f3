import { Migration } from '@mikro-orm/migrations';

/**
 * What people are told of, grouped: a row of `notifications` is one line of the list, its entries are who did it.
 * Lines never move: what is unread gathers entries for a day, then (or once it is read) the next one begins.
 */
export class Migration0005Notifications extends Migration {
  override up() {
    this.addSql(`
      create table notifications (
        id uuid primary key default uuidv7(),
        user_id uuid not null references users on delete cascade,
        kind text not null,
        day date not null default (now() at time zone 'UTC')::date,
        -- Whether the list shows it; some are only mailed.
        in_app boolean not null,
        media_id uuid references medias on delete cascade,
        comment_id uuid references comments on delete cascade,
        file_id uuid references files on delete cascade,
        -- Of kinds that are told one by one.
        asker_id uuid references users on delete cascade,
        actors_count int not null default 0 check (actors_count >= 0),
        read_at timestamptz,
        created_at timestamptz not null default now()
      );
      create unique index notifications_open_key on notifications (user_id, kind, day, in_app, media_id, comment_id, file_id, asker_id)
        nulls not distinct where read_at is null;
      create index notifications_newest_index on notifications (user_id, id desc) where in_app;
      create index notifications_unread_index on notifications (user_id, id desc) where in_app and read_at is null;
      create index notifications_media_index on notifications (media_id) where media_id is not null;
      create index notifications_comment_index on notifications (comment_id) where comment_id is not null;
      create index notifications_file_index on notifications (file_id) where file_id is not null;
      create index notifications_asker_index on notifications (asker_id) where asker_id is not null;
      create index notifications_created_at_index on notifications (created_at);

      create table notification_entries (
        id uuid primary key default uuidv7(),
        notification_id uuid not null references notifications on delete cascade,
        user_id uuid not null references users on delete cascade,
        actor_id uuid references users on delete cascade,
        -- What was done, to what: the one thing that this entry tells of.
        act text not null,
        subject_id uuid not null,
        emoji varchar(64),
        mail boolean not null,
        mailed_at timestamptz,
        created_at timestamptz not null default now(),
        unique nulls not distinct (act, subject_id, actor_id, user_id)
      );
      create index notification_entries_notification_index on notification_entries (notification_id, id desc);
      create index notification_entries_user_index on notification_entries (user_id);
      create index notification_entries_actor_index on notification_entries (actor_id, user_id) where actor_id is not null;
      create index notification_entries_mail_index on notification_entries (user_id, created_at) where mail and mailed_at is null;

      create function count_notification_entry() returns trigger language plpgsql as $$
      begin
        update notifications set actors_count = actors_count + case tg_op when 'INSERT' then 1 else -1 end
        where id = coalesce(new.notification_id, old.notification_id);
        -- Withdrawn by the last of them.
        if tg_op = 'DELETE' then delete from notifications where id = old.notification_id and actors_count = 0; end if;
        return null;
      end $$;
      create trigger count_notification_entry after insert or delete on notification_entries
        for each row execute function count_notification_entry();

      -- With the block, so that lifting it brings nothing back.
      create function withdraw_blocked() returns trigger language plpgsql as $$
      begin
        delete from notification_entries where (user_id, actor_id) in
          ((new.blocker_id, new.blocked_id), (new.blocked_id, new.blocker_id));
        return null;
      end $$;
      create trigger withdraw_blocked after insert on blocks for each row execute function withdraw_blocked();

      -- Where a user wants to be told of a kind otherwise than by default.
      create table notification_preferences (
        user_id uuid not null references users on delete cascade,
        kind text not null,
        in_app boolean not null,
        email boolean not null,
        push boolean not null,
        primary key (user_id, kind)
      );
    `);
  }
}

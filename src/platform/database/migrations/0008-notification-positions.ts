import { Migration } from '@mikro-orm/migrations';

/**
 * The order of a user's notifications: a line that grows comes to the top. Its number is taken under a lock of the user
 * that is held until the commit, so that numbers become visible in their order, and "newer than" misses nothing.
 */
export class Migration0008NotificationPositions extends Migration {
  override up() {
    this.addSql(`
      create table notification_positions (
        user_id uuid primary key references users on delete cascade,
        last bigint not null
      );
      alter table notifications add column position bigint not null default 0;
      update notifications n set position = x.position
        from (select id, row_number() over (partition by user_id order by id) as position from notifications) x
        where x.id = n.id;
      insert into notification_positions (user_id, last) select user_id, max(position) from notifications group by user_id;

      create function next_notification_position(reader uuid) returns bigint language sql as $$
        insert into notification_positions as p (user_id, last) values (reader, 1)
        on conflict (user_id) do update set last = p.last + 1 returning last
      $$;

      create or replace function count_notification_entry() returns trigger language plpgsql as $$
      begin
        if tg_op = 'INSERT' then
          update notifications
            set actors_count = actors_count + 1, position = next_notification_position(new.user_id)
            where id = new.notification_id;
        else
          update notifications set actors_count = actors_count - 1 where id = old.notification_id;
          -- Withdrawn by the last of them.
          delete from notifications where id = old.notification_id and actors_count = 0;
        end if;
        return null;
      end $$;

      drop index notifications_newest_index;
      drop index notifications_unread_index;
      create index notifications_newest_index on notifications (user_id, position desc, id desc) where in_app;
      create index notifications_unread_index on notifications (user_id, position desc, id desc)
        where in_app and read_at is null;
    `);
  }
}

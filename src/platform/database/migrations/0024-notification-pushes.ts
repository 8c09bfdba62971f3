import { Migration } from '@mikro-orm/migrations';

/** What is to be pushed of notifications, and when each group of them was pushed last. */
export class Migration0024NotificationPushes extends Migration {
  override up() {
    this.addSql(`
      create table notification_pushes (
        user_id uuid not null references users on delete cascade,
        -- Of the group: a kind and what it is about. Lines of it come and go; this row stays for a day.
        topic varchar(32) not null,
        -- The latest line of the group. No reference: what is withdrawn is found to be gone when it is due.
        notification_id uuid not null,
        -- Who did it last.
        actor_id uuid references users on delete cascade,
        -- Of the first entry that was not pushed.
        since timestamptz not null default now(),
        due_at timestamptz,
        pushed_at timestamptz,
        primary key (user_id, topic),
        check (num_nonnulls(due_at, pushed_at) > 0)
      ) with (fillfactor = 80);
      create index notification_pushes_due_index on notification_pushes (due_at) where due_at is not null;
      create index notification_pushes_actor_index on notification_pushes (actor_id) where actor_id is not null;
      create index notification_pushes_pushed_index on notification_pushes (pushed_at) where due_at is null;

      -- A browser whose push service refuses, or does not answer, is pushed nothing new for a while.
      alter table push_subscriptions add column failures smallint not null default 0, add column paused_until timestamptz;

      -- One for each push to a reader who did not follow whoever caused it: a group has one row above for all its pushes,
      -- and forgets who caused the last. No reference: its check would wait for an account that is being deleted, which
      -- waits for the groups that are being pushed.
      create table stranger_pushes (
        id uuid primary key default uuidv7(),
        actor_id uuid not null,
        pushed_at timestamptz not null default now()
      );
      create index stranger_pushes_actor_index on stranger_pushes (actor_id, pushed_at);
      create index stranger_pushes_pushed_index on stranger_pushes (pushed_at);
    `);
  }

  override down() {
    this.addSql(`
      drop table stranger_pushes;
      alter table push_subscriptions drop column paused_until, drop column failures;
      drop table notification_pushes;
    `);
  }
}

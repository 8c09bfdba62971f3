import { Migration } from '@mikro-orm/migrations';

/** What was mailed and then taken back, so that doing it again mails nobody once more: follow, unfollow, follow, … */
export class Migration0012MailedActs extends Migration {
  override up() {
    this.addSql(`
      -- Without references: rows come here while what they are about is being deleted.
      create table mailed_acts (
        id uuid primary key default uuidv7(),
        user_id uuid not null,
        actor_id uuid,
        act text not null,
        subject_id uuid not null,
        mailed_at timestamptz not null,
        unique nulls not distinct (user_id, act, subject_id, actor_id)
      );
      create index mailed_acts_actor_index on mailed_acts (actor_id) where actor_id is not null;
      create index mailed_acts_mailed_at_index on mailed_acts (mailed_at);

      create or replace function count_withdrawn_entries() returns trigger language plpgsql as $$
      begin
        perform 1 from notifications where id in (select notification_id from gone) order by id for no key update;
        update notifications n set actors_count = n.actors_count - g.entries
        from (select notification_id, count(*)::int as entries from gone group by notification_id) g
        where n.id = g.notification_id;
        -- Withdrawn by the last of them.
        delete from notifications where id in (select notification_id from gone) and actors_count = 0;
        insert into mailed_acts (user_id, actor_id, act, subject_id, mailed_at)
        select user_id, actor_id, act, subject_id, mailed_at from gone where mailed_at > now() - interval '7 days'
        order by user_id, act, subject_id, actor_id
        on conflict (user_id, act, subject_id, actor_id) do update set mailed_at = excluded.mailed_at;
        return null;
      end $$;
    `);
  }
}

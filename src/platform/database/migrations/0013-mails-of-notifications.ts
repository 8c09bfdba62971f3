import { Migration } from '@mikro-orm/migrations';

/** When what could not be mailed is tried again, and how many somebody had mailed today. */
export class Migration0013MailsOfNotifications extends Migration {
  override up() {
    this.addSql(`
      alter table notification_entries add column mail_tries smallint not null default 0, add column mail_after timestamptz;
      create index notification_entries_mailing_actor_index on notification_entries (actor_id, created_at) where mail;
    `);
  }
}

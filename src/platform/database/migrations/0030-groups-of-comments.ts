import { Migration } from '@mikro-orm/migrations';

/** Notifications of one group: those about a comment are found without those about all others below the same media. */
export class Migration0030GroupsOfComments extends Migration {
  override up() {
    this.addSql(`
      drop index notifications_group_index;
      create index notifications_group_index on notifications (user_id, kind, media_id, comment_id, position desc) where in_app;
    `);
  }

  override down() {
    this.addSql(`
      drop index notifications_group_index;
      create index notifications_group_index on notifications (user_id, kind, media_id, position desc) where in_app;
    `);
  }
}

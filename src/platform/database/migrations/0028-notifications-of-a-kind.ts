import { Migration } from '@mikro-orm/migrations';

/** Notifications of one kind in the order of the list, which they left when it got positions. */
export class Migration0028NotificationsOfAKind extends Migration {
  override up() {
    this.addSql(`
      drop index notifications_kind_index;
      create index notifications_kind_index on notifications (user_id, kind, position desc, id desc) where in_app;
    `);
  }

  override down() {
    this.addSql(`
      drop index notifications_kind_index;
      create index notifications_kind_index on notifications (user_id, kind, id desc) where in_app;
    `);
  }
}

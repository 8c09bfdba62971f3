import { Migration } from '@mikro-orm/migrations';

/**
 * For the end of an account: PostgreSQL looks for its rows by these columns alone, and partial indexes of a list are no
 * help. Without these, each deletion read the whole of three of the largest tables.
 */
export class Migration0032WhatAnAccountLeaves extends Migration {
  override up() {
    this.addSql(`
      create index views_user_index on views (user_id) where user_id is not null;
      create index notifications_user_index on notifications (user_id);
      drop index feed_sources_actor_index;
      create index feed_sources_actor_index on feed_sources (actor_id, reader_id);
    `);
  }

  override down() {
    this.addSql(`
      drop index views_user_index, notifications_user_index, feed_sources_actor_index;
      create index feed_sources_actor_index on feed_sources (actor_id, reader_id) where to_seq is null;
    `);
  }
}

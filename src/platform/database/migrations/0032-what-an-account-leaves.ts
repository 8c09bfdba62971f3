import { Migration } from '@mikro-orm/migrations';

/**
 * For the end of an account: PostgreSQL looks for its rows by these columns alone, and partial indexes of a list are no
 * help. Without these, each deletion read the whole of three of the largest tables.
 */
export class Migration0032WhatAnAccountLeaves extends Migration {
  override up() {
    this.addSql(`
      create index views_user_index on views (user_id) where user_id is not null;
      -- Of all, those of the list first: another index of the user alone would be preferred for short lists.
      drop index notifications_newest_index;
      create index notifications_newest_index on notifications (user_id, in_app, position desc, id desc);
      drop index feed_sources_actor_index;
      create index feed_sources_actor_index on feed_sources (actor_id, reader_id);
    `);
  }

  override down() {
    this.addSql(`
      drop index views_user_index, notifications_newest_index, feed_sources_actor_index;
      create index notifications_newest_index on notifications (user_id, position desc, id desc) where in_app;
      create index feed_sources_actor_index on feed_sources (actor_id, reader_id) where to_seq is null;
    `);
  }
}

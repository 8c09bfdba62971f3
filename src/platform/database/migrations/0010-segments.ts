import { Migration } from '@mikro-orm/migrations';

/**
 * Segments apart from the facts of a stream: the master playlist needs what was measured of them, and a long video has
 * thousands. And names as long as a language tag may be.
 */
export class Migration0010Segments extends Migration {
  override up() {
    this.addSql(`
      alter table renditions add column segments jsonb, alter column name type varchar(64);
      update renditions set segments = facts->'segments', facts = facts - 'segments' where facts->'segments' is not null;
    `);
  }

  override down() {
    this.addSql(`
      update renditions set facts = facts || jsonb_build_object('segments', segments) where segments is not null;
      alter table renditions drop column segments, alter column name type varchar(32);
    `);
  }
}

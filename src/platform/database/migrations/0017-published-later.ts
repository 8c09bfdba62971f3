import { Migration } from '@mikro-orm/migrations';

/** A media that was private or unlisted and no longer is comes to the top of feeds, where `since` finds it. */
export class Migration0017PublishedLater extends Migration {
  override up() {
    this.addSql(`
      create function publish_later() returns trigger language plpgsql as $$
      begin
        delete from activities where media_id = new.id and verb = 'post';
        insert into activities (media_id, actor_id, verb, type) values (new.id, new.owner_id, 'post', new.type);
        return null;
      end $$;
      create trigger publish_later after update of visibility on medias for each row
        when (new.shown and old.visibility in ('private', 'unlisted') and new.visibility in ('public', 'followers'))
        execute function publish_later();
    `);
  }

  override down() {
    this.addSql('drop function publish_later() cascade;');
  }
}

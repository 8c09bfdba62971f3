import { Migration } from '@mikro-orm/migrations';

/** A media that was private or unlisted and no longer is comes to the top of feeds, where `since` finds it. */
export class Migration0017PublishedLater extends Migration {
  override up() {
    this.addSql(`
      alter table activities add column listed boolean not null default true;
      update activities a set listed = false from medias m
        where m.id = a.media_id and a.verb = 'post' and m.visibility in ('private', 'unlisted');
      create or replace function write_post() returns trigger language plpgsql as $$
      begin
        insert into activities (media_id, actor_id, verb, type, listed)
          values (new.id, new.owner_id, 'post', new.type, new.visibility in ('public', 'followers')) on conflict do nothing;
        return null;
      end $$;

      -- What was listed before comes to the top no more than once a day.
      create function publish_later() returns trigger language plpgsql as $$
      begin
        delete from activities where media_id = new.id and verb = 'post'
          and (not listed or created_at < now() - interval '1 day');
        if found then
          insert into activities (media_id, actor_id, verb, type) values (new.id, new.owner_id, 'post', new.type);
        end if;
        return null;
      end $$;
      create trigger publish_later after update of visibility on medias for each row
        when (new.shown and old.visibility in ('private', 'unlisted') and new.visibility in ('public', 'followers'))
        execute function publish_later();
    `);
  }

  override down() {
    this.addSql('drop function publish_later() cascade; alter table activities drop column listed;');
  }
}

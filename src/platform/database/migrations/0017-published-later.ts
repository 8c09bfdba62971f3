import { Migration } from '@mikro-orm/migrations';

/** A media that more people may find than ever before comes to the top of feeds, where `since` finds it. */
export class Migration0017PublishedLater extends Migration {
  override up() {
    this.addSql(`
      create function reach_of(visibility text) returns smallint language sql immutable
        return case visibility when 'public' then 2 when 'followers' then 1 else 0 end;
      alter table activities add column reach smallint not null default 2;
      update activities a set reach = reach_of(m.visibility) from medias m
        where m.id = a.media_id and a.verb = 'post' and m.visibility <> 'public';

      create or replace function write_post() returns trigger language plpgsql as $$
      begin
        insert into activities (media_id, actor_id, verb, type, reach)
          values (new.id, new.owner_id, 'post', new.type, reach_of(new.visibility)) on conflict do nothing;
        return null;
      end $$;

      -- For those who could find it before, it comes to the top again no more than once a day.
      create function publish_later() returns trigger language plpgsql as $$
      declare
        before smallint;
      begin
        delete from activities where media_id = new.id and verb = 'post'
          and (reach < reach_of(new.visibility) or created_at < now() - interval '1 day') returning reach into before;
        if found then
          insert into activities (media_id, actor_id, verb, type, reach)
            values (new.id, new.owner_id, 'post', new.type, greatest(before, reach_of(new.visibility)));
        end if;
        return null;
      end $$;
      create trigger publish_later after update of visibility on medias for each row
        when (new.shown and reach_of(new.visibility) > reach_of(old.visibility)) execute function publish_later();
    `);
  }

  override down() {
    this.addSql(`
      drop function publish_later() cascade;
      create or replace function write_post() returns trigger language plpgsql as $$
      begin
        insert into activities (media_id, actor_id, verb, type) values (new.id, new.owner_id, 'post', new.type) on conflict do nothing;
        return null;
      end $$;
      alter table activities drop column reach;
      drop function reach_of(text);
    `);
  }
}

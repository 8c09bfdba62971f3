import { Migration } from '@mikro-orm/migrations';

/**
 * What was made of a user's files, in bytes: it has a limit of its own (quota/quota.service.ts). What the owner brought,
 * which `storage_bytes` counts, is left out (`isCharged`, files/rendition.entity.ts).
 */
export class Migration0033DerivedBytes extends Migration {
  override up() {
    this.addSql(`
      create function is_derived(role text, facts jsonb) returns boolean language sql immutable as $$
        select role <> 'subtitles' or coalesce(facts->>'embedded' = 'true', false)
      $$;
      alter table users add column derived_bytes bigint not null default 0 check (derived_bytes >= 0);
      update users u set derived_bytes = made.bytes
      from (select f.owner_id, sum(r.bytes) as bytes from renditions r join files f on f.id = r.file_id
        where is_derived(r.role, r.facts) group by f.owner_id) made
      where u.id = made.owner_id;

      create function count_derived() returns trigger language plpgsql as $$
      begin
        -- Added before it is taken away: the sum is never below zero.
        if tg_op <> 'DELETE' then
          update users u set derived_bytes = u.derived_bytes + made.bytes
          from (select f.owner_id, sum(a.bytes) as bytes from added a join files f on f.id = a.file_id
            where is_derived(a.role, a.facts) group by f.owner_id) made
          where u.id = made.owner_id;
        end if;
        if tg_op <> 'INSERT' then
          update users u set derived_bytes = u.derived_bytes - made.bytes
          from (select f.owner_id, sum(g.bytes) as bytes from gone g join files f on f.id = g.file_id
            where is_derived(g.role, g.facts) group by f.owner_id) made
          where u.id = made.owner_id;
        end if;
        return null;
      end $$;
      create trigger count_derived_added after insert on renditions referencing new table as added
        for each statement execute function count_derived();
      create trigger count_derived_changed after update on renditions referencing old table as gone new table as added
        for each statement execute function count_derived();
      create trigger count_derived_gone after delete on renditions referencing old table as gone
        for each statement execute function count_derived();

      -- Renditions that go with their file no longer find its owner.
      create function count_derived_of_file() returns trigger language plpgsql as $$
      begin
        update users u set derived_bytes = u.derived_bytes - made.bytes
        from (select sum(r.bytes) as bytes from renditions r where r.file_id = old.id and is_derived(r.role, r.facts)) made
        where u.id = old.owner_id and made.bytes > 0;
        return old;
      end $$;
      create trigger count_derived_of_file before delete on files for each row execute function count_derived_of_file();
    `);
  }

  override down() {
    this.addSql(`
      drop trigger count_derived_of_file on files;
      drop trigger count_derived_added on renditions;
      drop trigger count_derived_changed on renditions;
      drop trigger count_derived_gone on renditions;
      drop function count_derived_of_file();
      drop function count_derived();
      drop function is_derived(text, jsonb);
      alter table users drop column derived_bytes;
    `);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** Who is there, and what sockets are told of files and of relations that end (docs/live-events.md). */
export class Migration0020Presence extends Migration {
  override up() {
    this.addSql(`
      -- Unlogged, and so empty after a crash: each process then writes again what it knows.
      create unlogged table realtime.processes (
        id uuid primary key,
        seen_at timestamptz not null default now()
      ) with (fillfactor = 50);
      -- A user with sockets at a process, or who left it some seconds ago.
      create unlogged table realtime.presences (
        user_id uuid not null,
        process_id uuid not null references realtime.processes on delete cascade,
        -- One of the sockets is in the foreground.
        in_foreground boolean not null,
        primary key (user_id, process_id)
      );
      create index presences_process_index on realtime.presences (process_id);
      alter table users add column show_presence text not null default 'mutual'
        check (show_presence in ('everyone', 'followers', 'mutual', 'nobody'));

      create function tell_file() returns trigger language plpgsql as $f$
      begin
        insert into realtime.pending (user_ids, name, ids)
          values (array[new.owner_id], 'file.changed', jsonb_build_object('id', new.id));
        return null;
      end $f$;
      create trigger tell_file after update of status on files for each row
        when (old.status <> new.status) execute function tell_file();

      -- Two of whom one saw something of the other: not any more, perhaps.
      create function tell_relations(users uuid[]) returns void language sql as $f$
        insert into realtime.pending (user_ids, name, ids)
        select array_agg(id), '~relations', '{}'
        from (select id, (row_number() over () - 1) / 1000 as part from (select distinct unnest(users) as id) u) p
        group by part
      $f$;
      create function tell_blocked() returns trigger language plpgsql as $f$
      begin
        perform tell_relations(array_agg(blocker_id) || array_agg(blocked_id)) from added having count(*) > 0;
        return null;
      end $f$;
      create function tell_unfollowed() returns trigger language plpgsql as $f$
      begin
        perform tell_relations(array_agg(follower_id) || array_agg(followee_id)) from gone
          where accepted_at is not null having count(*) > 0;
        return null;
      end $f$;
      create trigger tell_blocked after insert on blocks referencing new table as added
        for each statement execute function tell_blocked();
      create trigger tell_unfollowed after delete on follows referencing old table as gone
        for each statement execute function tell_unfollowed();
    `);
  }

  override down() {
    this.addSql(`
      drop trigger tell_unfollowed on follows;
      drop trigger tell_blocked on blocks;
      drop function tell_unfollowed();
      drop function tell_blocked();
      drop function tell_relations(uuid[]);
      drop trigger tell_file on files;
      drop function tell_file();
      alter table users drop column show_presence;
      drop table realtime.presences;
      drop table realtime.processes;
    `);
  }
}

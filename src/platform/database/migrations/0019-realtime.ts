import { Migration } from '@mikro-orm/migrations';

/** The log of live events: what sockets show, in one order for each user, without gaps (docs/decisions/0019). */
export class Migration0019Realtime extends Migration {
  override up() {
    this.addSql(`
      create schema realtime;
      -- Written by the transactions that cause them, and numbered after their commits.
      create table realtime.pending (
        id bigint generated always as identity primary key,
        user_ids uuid[] not null check (cardinality(user_ids) between 1 and 1000),
        -- Of each user, their own id of the thing, where these differ.
        own_ids uuid[] check (cardinality(own_ids) = cardinality(user_ids)),
        name varchar(64) not null,
        ids jsonb not null,
        at timestamptz not null default clock_timestamp()
      );
      create table realtime.streams (
        user_id uuid primary key references users on delete cascade,
        epoch int not null default (random() * 2e9)::int,
        last_seq bigint not null default 0,
        seen_at timestamptz not null default now()
      ) with (fillfactor = 70);
      create table realtime.log (
        user_id uuid not null,
        seq bigint not null,
        gid bigint not null,
        name varchar(64) not null,
        ids jsonb not null,
        at timestamptz not null,
        primary key (user_id, seq)
      );
      create unique index log_gid_key on realtime.log (gid);
      create index log_at_index on realtime.log (at);
      create sequence realtime.gid;
      -- No foreign key: it would cost each row a look-up.
      create function realtime.delete_log() returns trigger language plpgsql as $f$
      begin
        delete from realtime.log where user_id = old.user_id;
        return null;
      end $f$;
      create trigger delete_log after delete on realtime.streams for each row execute function realtime.delete_log();

      -- Numbers the next rows, for those who were connected within seven days. Others get a new epoch when they return.
      create function realtime.sequence(most int) returns int language plpgsql set lock_timeout = '2s' as $f$
      declare
        taken_count int;
      begin
        if not exists (select from realtime.pending) then return 0; end if;
        perform pg_advisory_xact_lock(hashtextextended('realtime.sequence', 0));
        -- A statement of its own, whose snapshot is younger than the lock: in one statement with it rows would be lost.
        with next as (
            select id, sum(cardinality(user_ids)) over (order by id) - cardinality(user_ids) as before
            from (select id, user_ids from realtime.pending order by id limit most) p),
          taken as (
            delete from realtime.pending where id in (select id from next where before < 5000) returning *),
          each as materialized (
            select t.id, t.name, t.at, u.user_id,
              case when u.own_id is null then t.ids else t.ids || jsonb_build_object('id', u.own_id) end as ids,
              row_number() over (partition by u.user_id order by t.id, u.own_id) as nth
            from taken t
            cross join lateral (select distinct x.user_id, x.own_id from unnest(t.user_ids, t.own_ids) as x (user_id, own_id)) u
            join realtime.streams s on s.user_id = u.user_id and s.seen_at > now() - interval '7 days'),
          grown as (
            update realtime.streams s set last_seq = s.last_seq + c.count
            from (select user_id, count(*) as count from each group by user_id) c where s.user_id = c.user_id
            returning s.user_id, s.last_seq - c.count as base),
          written as (
            insert into realtime.log (user_id, seq, gid, name, ids, at)
            select e.user_id, g.base + e.nth, nextval('realtime.gid'), e.name, e.ids, e.at
            from each e join grown g using (user_id) order by e.id, e.nth)
        select count(*) into taken_count from taken;
        return taken_count;
      end $f$;

      -- As lists show them: a line that is written, grows, changes its emoji or goes. Reading is told by who reads.
      create function tell_notifications(user_ids uuid[], ids uuid[]) returns void language sql as $f$
        insert into realtime.pending (user_ids, own_ids, name, ids)
        select array_agg(user_id), array_agg(id), 'notification.changed', '{}'
        from (select user_id, id, (row_number() over () - 1) / 1000 as part from unnest(user_ids, ids) as x (user_id, id)) p
        group by part
      $f$;
      create function tell_added_notifications() returns trigger language plpgsql as $f$
      begin
        perform tell_notifications(array_agg(user_id), array_agg(id)) from added where in_app having count(*) > 0;
        return null;
      end $f$;
      create function tell_gone_notifications() returns trigger language plpgsql as $f$
      begin
        perform tell_notifications(array_agg(user_id), array_agg(id)) from gone where in_app having count(*) > 0;
        return null;
      end $f$;
      create function tell_grown_notifications() returns trigger language plpgsql as $f$
      begin
        perform tell_notifications(array_agg(a.user_id), array_agg(a.id)) from added a join gone g on g.id = a.id
          where a.in_app and (a.position, a.actors_count) is distinct from (g.position, g.actors_count) having count(*) > 0;
        return null;
      end $f$;
      create trigger tell_added after insert on notifications referencing new table as added
        for each statement execute function tell_added_notifications();
      create trigger tell_grown after update on notifications referencing old table as gone new table as added
        for each statement execute function tell_grown_notifications();
      create trigger tell_gone after delete on notifications referencing old table as gone
        for each statement execute function tell_gone_notifications();

      -- Sockets end with what they were opened by, whoever ends it, and by which way.
      create function tell_access() returns trigger language plpgsql as $f$
      begin
        insert into realtime.pending (user_ids, name, ids)
          values (array[coalesce(to_jsonb(old) ->> 'user_id', to_jsonb(old) ->> 'id')::uuid], '~access', '{}');
        return null;
      end $f$;
      create trigger tell_access after update of ended_at on sessions for each row
        when (old.ended_at is null and new.ended_at is not null) execute function tell_access();
      create trigger tell_access_gone after delete on sessions for each row
        when (old.ended_at is null) execute function tell_access();
      create trigger tell_access after update of revoked_at on api_keys for each row
        when (old.revoked_at is null and new.revoked_at is not null) execute function tell_access();
      create trigger tell_access after update of disabled_at on users for each row
        when (old.disabled_at is null and new.disabled_at is not null) execute function tell_access();
    `);
  }

  override down() {
    this.addSql(`
      drop trigger tell_access on users;
      drop trigger tell_access on api_keys;
      drop trigger tell_access_gone on sessions;
      drop trigger tell_access on sessions;
      drop function tell_access();
      drop trigger tell_added on notifications;
      drop trigger tell_grown on notifications;
      drop trigger tell_gone on notifications;
      drop function tell_added_notifications();
      drop function tell_grown_notifications();
      drop function tell_gone_notifications();
      drop function tell_notifications(uuid[], uuid[]);
      drop schema realtime cascade;
    `);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * A trigger's statements are planned once for each connection, usually for a change of one row: then a join of the rows
 * before and after compares each with each, which for 20,000 takes minutes. Unions and differences are sorted or hashed,
 * whatever the number.
 */
export class Migration0026ChangesOfManyRows extends Migration {
  override up() {
    this.addSql(`
      ${countFollows(`
          select array_agg(follower_id), array_agg(followee_id), array_agg(move) into ones, others, moves
          from (
            select follower_id, followee_id, sum(n)::int as move from (
              select follower_id, followee_id, 1 as n from added where accepted_at is not null and is_counted
              union all
              select follower_id, followee_id, -1 from gone where accepted_at is not null and is_counted) e
            group by follower_id, followee_id having sum(n) <> 0) moved;`)}
      create or replace function tell_grown_notifications() returns trigger language plpgsql as $f$
      begin
        perform tell_notifications(array_agg(user_id), array_agg(id)) from (
          select user_id, id, position, actors_count from added where in_app
          except select user_id, id, position, actors_count from gone) grown having count(*) > 0;
        return null;
      end $f$;
    `);
  }

  override down() {
    this.addSql(`
      ${countFollows(`
          select array_agg(follower_id), array_agg(followee_id), array_agg(a.n - g.n) into ones, others, moves
          from (select *, (accepted_at is not null and is_counted)::int as n from added) a
          join (select *, (accepted_at is not null and is_counted)::int as n from gone) g using (follower_id, followee_id)
          where a.n <> g.n;`)}
      create or replace function tell_grown_notifications() returns trigger language plpgsql as $f$
      begin
        perform tell_notifications(array_agg(a.user_id), array_agg(a.id)) from added a join gone g on g.id = a.id
          where a.in_app and (a.position, a.actors_count) is distinct from (g.position, g.actors_count) having count(*) > 0;
        return null;
      end $f$;
    `);
  }
}

const countFollows = (changed: string) => `
      create or replace function count_follows() returns trigger language plpgsql as $$
      declare
        ones uuid[]; others uuid[]; moves int[];
      begin
        if tg_op = 'INSERT' then
          select array_agg(follower_id), array_agg(followee_id), array_agg(1) into ones, others, moves
          from added where accepted_at is not null and is_counted;
        elsif tg_op = 'DELETE' then
          select array_agg(follower_id), array_agg(followee_id), array_agg(-1) into ones, others, moves
          from gone where accepted_at is not null and is_counted;
        else${changed}
        end if;
        if moves is null then return null; end if;
        -- All in one order, or two who follow each other could wait for each other.
        perform 1 from users where id = any(ones || others) order by id for no key update;
        update users u set followings_count = followings_count + m.followings, followers_count = followers_count + m.followers
        from (select id, sum(followings)::int as followings, sum(followers)::int as followers from (
            select x.id, x.move as followings, 0 as followers from unnest(ones, moves) x (id, move)
            union all select x.id, 0, x.move from unnest(others, moves) x (id, move)) e group by id) m
        where u.id = m.id;
        return null;
      end $$;`;

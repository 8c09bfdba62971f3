import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { silence } from '../platform/realtime/online.js';

/** A user at this process. */
export interface Present {
  userId: string;
  isHere: boolean;
  /** With a socket in the foreground. */
  inForeground: boolean;
}

/** Writes who is there: a row for each user and process, and one sign of life for each process. */
@Injectable()
export class PresenceTables {
  constructor(private readonly em: EntityManager) {}

  /** @returns false if the process is not known (any more) */
  async beat(processId: string): Promise<boolean> {
    const rows = await sql`
      update realtime.processes set seen_at = now() where id = ${processId} returning 1`.all(this.em);
    return rows.length > 0;
  }

  async register(processId: string): Promise<void> {
    await sql`insert into realtime.processes (id) values (${processId}) on conflict do nothing`.all(this.em);
  }

  /**
   * Ends processes that are silent. Their users were last seen when the process was.
   * @returns these users
   */
  async bury(): Promise<string[]> {
    const rows = await sql<{ userId: string }>`
      with dead as (delete from realtime.processes where seen_at < now() - ${silence} returning id, seen_at),
        gone as (
          select p.user_id, max(d.seen_at) as seen_at from dead d join realtime.presences p on p.process_id = d.id
          group by p.user_id),
        -- The sequencer alone waits for several of these rows.
        free as (
          select s.user_id from realtime.streams s where s.user_id in (select user_id from gone) for update skip locked),
        seen as (
          update realtime.streams s set seen_at = greatest(s.seen_at, g.seen_at) from gone g
          where s.user_id = g.user_id and s.user_id in (select user_id from free))
      select user_id as "userId" from gone`.all(this.em);
    return rows.map(({ userId }) => userId);
  }

  /** @param left those whose last socket here was just closed */
  async write(processId: string, users: readonly Present[], left: readonly string[]): Promise<void> {
    await sql`
      with here as (
          select * from unnest(${users.map(({ userId }) => userId)}::uuid[], ${users.map(({ isHere }) => isHere)}::boolean[],
            ${users.map(({ inForeground }) => inForeground)}::boolean[]) as x (user_id, is_here, in_foreground)),
        gone as (
          delete from realtime.presences p using here h
          where p.process_id = ${processId} and p.user_id = h.user_id and not h.is_here),
        seen as (
          update realtime.streams set seen_at = now() where user_id = any(array(
            select user_id from realtime.streams where user_id = any(${left}::uuid[]) for update skip locked)))
      insert into realtime.presences (user_id, process_id, in_foreground)
        select h.user_id, s.id, h.in_foreground from here h join realtime.processes s on s.id = ${processId} where h.is_here
      on conflict (user_id, process_id) do update set in_foreground = excluded.in_foreground
        where presences.in_foreground <> excluded.in_foreground`.all(this.em);
  }
}

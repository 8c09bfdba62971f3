import { sql, type Statement } from '../platform/database/sql.js';

/**
 * Notes that somebody reads their timeline, once an hour; where it is not written in advance, asks for that, once a minute.
 * Timelines of readers who stay away are not written (sweeping.service.ts), and are built when they return.
 * @returns named parts for the `with` of a statement
 */
export const noting = (readerId: string): Statement => sql`
  due as materialized (
    select written.is_so from (select exists (select from feed_entries where reader_id = ${readerId} and floor) as is_so) written
    where not exists (select from feed_readers r where r.reader_id = ${readerId}
      and r.seen_at > now() - case when written.is_so then interval '1 hour' else interval '1 minute' end)),
  noted as (
    insert into feed_readers (reader_id) select ${readerId} from due
    on conflict (reader_id) do update set seen_at = now()),
  asked as (
    insert into outbox_events (name, payload)
    select 'timeline.wanted', jsonb_build_object('readerId', ${readerId}::text) from due where not is_so)`;

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { sql } from '../database/sql.js';
import { encodeCursor } from '../http/page.js';

/** A row of the log. */
export interface Logged {
  userId: string;
  seq: number;
  name: string;
  ids: object;
  /** As PostgreSQL writes it. */
  at: string;
}

/** Where a client begins. */
export interface Beginning {
  epoch: string;
  /** Up to here the client has everything. */
  seq: number;
  /** False: it must fetch its lists again. */
  resumed: boolean;
}

/** Rows per statement. */
export const logPage = 200;
/** Of all users: many at once, so that under load the events of a socket leave in fewer writes. */
const tailPage = sql.raw('3000');
/** A client that is further behind fetches its lists sooner than it reads so many. */
const maxBehind = 10_000;

const columns = sql`user_id as "userId", seq::float8 as seq, name, ids, at`;
const Cursor = z.tuple([z.literal('events'), z.string().max(40), z.int().min(0)]);

export const eventCursor = (epoch: string, seq: number): string => encodeCursor('events', [epoch, seq]);

function parse(cursor: string | undefined): { epoch: string; seq: number } | null {
  if (!cursor || cursor.length > 200) return null;
  try {
    const [, epoch, seq] = Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { epoch, seq };
  } catch (error) {
    // As good as none: the client fetches its lists.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** The log of live events: of each user 1, 2, 3, … */
@Injectable()
export class EventLog {
  constructor(private readonly em: EntityManager) {}

  /**
   * From now on the user's events are logged, for seven days. The epoch changes where numbers may not go on: after seven
   * days' absence, and after a failover of PostgreSQL, which may lose its last commits.
   */
  async begin(userId: string, cursor: string | undefined): Promise<Beginning> {
    const [stream] = await sql<{ epoch: string; lastSeq: number; first: number | null }>`
      insert into realtime.streams as s (user_id) values (${userId})
      on conflict (user_id) do update set seen_at = now(),
        epoch = case when s.seen_at < now() - interval '7 days' then (random() * 2e9)::int else s.epoch end
      returning s.epoch || '.' || (select timeline_id from pg_control_checkpoint()) as epoch, s.last_seq::float8 as "lastSeq",
        (select min(l.seq)::float8 from realtime.log l where l.user_id = s.user_id) as first`.all(this.em);
    const { epoch, lastSeq, first } = stream!;
    const known = parse(cursor);
    const resumed =
      known !== null &&
      known.epoch === epoch &&
      known.seq <= lastSeq &&
      lastSeq - known.seq <= maxBehind &&
      (known.seq === lastSeq || (first !== null && first <= known.seq + 1));
    return { epoch, seq: resumed ? known.seq : lastSeq, resumed };
  }

  /** @param limit at most `logPage` */
  after(userId: string, seq: number, limit = logPage): Promise<Logged[]> {
    return sql<Logged>`
      select ${columns} from realtime.log where user_id = ${userId} and seq > ${seq}::bigint
      order by seq limit ${limit}`.all(this.em);
  }

  /** Of all users, in the order of their commits. @param gid as text: bigint */
  next(gid: string): Promise<(Logged & { gid: string })[]> {
    return sql<Logged & { gid: string }>`
      select gid, ${columns} from realtime.log where gid > ${gid}::bigint order by gid limit ${tailPage}`.all(this.em);
  }

  async lastGid(): Promise<string> {
    const [row] = await sql<{ gid: string }>`select gid from realtime.log order by gid desc limit 1`.all(this.em);
    return row?.gid ?? '0';
  }

  /** Those who are there stay so. Skips rows that are locked: the sequencer alone updates several at once. */
  async stay(userIds: readonly string[]): Promise<void> {
    await sql`
      update realtime.streams set seen_at = now() where user_id = any(array(
        select user_id from realtime.streams where user_id = any(${userIds}::uuid[]) for update skip locked))`.all(
      this.em,
    );
  }
}

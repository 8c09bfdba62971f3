import { sql, type Statement } from '../database/sql.js';

/** Between two signs of life of a process, seconds. */
export const heartbeatSeconds = 10;
/** A process that is silent for so long has ended, with its sockets. */
export const silence = sql`interval '30 seconds'`;

/** Who has a socket at a process that lives, with `presences p` and `processes s`. */
const there = (user: Statement<string>): Statement => sql`
  from realtime.presences p join realtime.processes s on s.id = p.process_id
  where p.user_id = ${user} and s.seen_at > now() - ${silence}`;

/** The user has a socket anywhere. */
export const isOnline = (user: Statement<string>): Statement<boolean> => sql<boolean>`exists (select ${there(user)})`;

/** One of these sockets is in the foreground. */
export const isInForeground = (user: Statement<string>): Statement<boolean> =>
  sql<boolean>`exists (select ${there(user)} and p.in_foreground)`;

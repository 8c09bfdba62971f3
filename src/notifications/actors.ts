import { sql } from '../platform/database/sql.js';

const keys = (actors: readonly (string | null)[]) => sql`
  select distinct hashtextextended('told of ' || actor, 0) as key from unnest(${[...new Set(actors)]}::uuid[]) as actor
  where actor is not null order by key`;

/**
 * Held by whoever tells what these people did, to the end of the transaction. Blocks are looked at in a statement after
 * this one: it sees every block of which `aloneWith` has been held.
 */
export const tellingOf = (actors: readonly (string | null)[]) =>
  sql`select pg_advisory_xact_lock_shared(key) from (${keys(actors)}) k`;

/** Waits until nothing that these people did is on its way to anybody. */
export const aloneWith = (actors: readonly string[]) => sql`select pg_advisory_xact_lock(key) from (${keys(actors)}) k`;

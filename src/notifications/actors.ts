import { sql } from '../platform/database/sql.js';

const keys = (actors: readonly (string | null)[]) => sql`
  select distinct hashtextextended('told of ' || actor, 0) as key from unnest(${[...new Set(actors)]}::uuid[]) as actor
  where actor is not null order by key`;

/**
 * Held to the end of the transaction while notifying of what these people did. Blocks are checked in a later statement,
 * which therefore sees every block whose `lockActors` came before.
 */
export const lockActorsShared = (actors: readonly (string | null)[]) =>
  sql`select pg_advisory_xact_lock_shared(key) from (${keys(actors)}) k`;

/** Waits until no notification of what these people did is in progress. */
export const lockActors = (actors: readonly string[]) =>
  sql`select pg_advisory_xact_lock(key) from (${keys(actors)}) k`;

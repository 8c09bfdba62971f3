import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { retryOnDeadlock } from '../platform/database/retry-on-deadlock.js';
import { sql } from '../platform/database/sql.js';
import { countedRows, type AccountState, type CountedRows } from './counted-rows.js';
import { isActive } from '../visibility/accounts.js';

/** Rows per transaction. */
const slice = 200;
/** As in the index of those whose rows are on their way. */
const isOpen = sql<boolean>`(${isActive('users')} and not users.is_private)`;
const isIn = (state: AccountState) =>
  sql<boolean>`((${isActive('users')}) = ${state.isCounted} and ${isOpen} = ${state.isOpen})`;
const first = '00000000-0000-0000-0000-000000000000';

/**
 * Updates `is_counted` and the like on the rows of an account when it is disabled, enabled, made private or opened;
 * triggers then move the counters, and what search finds.
 */
@Injectable()
export class AccountStatesService {
  constructor(private readonly em: EntityManager) {}

  /** Can be interrupted anywhere and run in parallel: the next run fixes what is still wrong. */
  async settle(userId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const rows = await sql<AccountState>`
        select ${isActive('users')} as "isCounted", ${isOpen} as "isOpen" from users
        where id = ${userId} and deleted_at is null`.all(this.em);
      const state = rows[0];
      if (!state) return; // It is being erased.
      // Until all rows follow it, even if the account changes back meanwhile.
      await sql`update users set is_open = null where id = ${userId} and is_open <> ${state.isOpen}`.all(this.em);
      let changed = 0;
      for (const of of countedRows) changed += await this.flip(of, userId, state, signal);
      // Repeat until a pass finds nothing: rows may have been added meanwhile.
      if (changed === 0 && (await this.confirm(userId, state))) return;
    }
  }

  /** Accounts whose event was lost, and recently changed ones: a request admitted before may have added rows since. */
  async unsettled(): Promise<string[]> {
    const rows = await sql<{ id: string }>`
      (select id from users where is_counted <> (${isActive('users')}) and deleted_at is null limit 100)
      union (select id from users where is_open is distinct from ${isOpen} and deleted_at is null limit 100)
      union select id from users where disabled_at > now() - interval '5 minutes' and deleted_at is null
      union select id from users where privacy_changed_at > now() - interval '5 minutes' and deleted_at is null`.all(
      this.em,
    );
    return rows.map(({ id }) => id);
  }

  /** @returns the number of rows that were wrong */
  private async flip(of: CountedRows, userId: string, state: AccountState, signal: AbortSignal): Promise<number> {
    let changed = 0;
    for (let after: string | undefined = first; after;) {
      signal.throwIfAborted();
      const from: string = after;
      const ids = await retryOnDeadlock(() => this.flipSlice(of, userId, state, from));
      changed += ids.length;
      after = ids.length === slice ? ids.at(-1) : undefined;
    }
    return changed;
  }

  private flipSlice(of: CountedRows, userId: string, state: AccountState, after: string): Promise<string[]> {
    const { table, flag, locks } = of;
    const should = of.should?.(state) ?? sql<boolean>`${state.isCounted}`;
    return this.em.transactional(async (em) => {
      // One pass per account at a time, which reads the account's state under the lock: it never applies an outdated
      // state.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`account-states:${userId}`}, 0))`.all(em);
      const rows = await sql<{ id: string }>`
        select t.id from ${table} t where ${of.of(userId)} and t.id > ${after} and t.${flag} <> ${should}
          and (select ${isIn(state)} from users where id = ${userId})
        order by t.id limit ${slice}`.all(em);
      const ids = rows.map(({ id }) => id);
      if (!ids.length) return ids;
      const page = sql`from ${table} t where ${of.of(userId)} and t.id = any(${ids}::uuid[])`;
      for (const lock of locks(page)) await lock.all(em);
      await sql`
        update ${table} t set ${flag} = ${should}
        where ${of.of(userId)} and t.id = any(${ids}::uuid[]) and t.${flag} <> ${should}`.all(em);
      return ids;
    });
  }

  /** @returns whether the account's state is unchanged */
  private async confirm(userId: string, state: AccountState): Promise<boolean> {
    const rows = await sql`
      update users set is_counted = ${state.isCounted}, is_open = ${state.isOpen}
      where id = ${userId} and ${isIn(state)} returning 1`.all(this.em);
    return rows.length > 0;
  }
}

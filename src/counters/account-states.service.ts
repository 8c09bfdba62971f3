import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { retryOnDeadlock } from '../platform/database/retry-on-deadlock.js';
import { sql } from '../platform/database/sql.js';
import { countedRows, type CountedRows } from './counted-rows.js';
import { isActive } from '../visibility/accounts.js';

/** Rows per transaction. */
const slice = 200;
const first = '00000000-0000-0000-0000-000000000000';

/**
 * Updates `is_counted` and the like on the rows of an account when it is disabled or enabled; triggers then move the
 * counters.
 */
@Injectable()
export class AccountStatesService {
  constructor(private readonly em: EntityManager) {}

  /** Can be interrupted anywhere and run in parallel: the next run fixes what is still wrong. */
  async settle(userId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const rows = await sql<{ isCounted: boolean }>`
        select ${isActive('users')} as "isCounted" from users
        where id = ${userId} and deleted_at is null`.all(this.em);
      if (!rows[0]) return; // It is being erased.
      const { isCounted } = rows[0];
      let changed = 0;
      for (const of of countedRows) changed += await this.flip(of, userId, isCounted, signal);
      // Repeat until a pass finds nothing: rows may have been added meanwhile.
      if (changed === 0 && (await this.confirm(userId, isCounted))) return;
    }
  }

  /** Accounts whose event was lost, and recently disabled ones: a request admitted before may have added rows since. */
  async unsettled(): Promise<string[]> {
    const rows = await sql<{ id: string }>`
      (select id from users where is_counted <> (${isActive('users')}) and deleted_at is null limit 100)
      union select id from users where disabled_at > now() - interval '5 minutes' and deleted_at is null`.all(this.em);
    return rows.map(({ id }) => id);
  }

  /** @returns the number of rows that were wrong */
  private async flip(of: CountedRows, userId: string, isCounted: boolean, signal: AbortSignal): Promise<number> {
    let changed = 0;
    for (let after: string | undefined = first; after;) {
      signal.throwIfAborted();
      const from: string = after;
      const ids = await retryOnDeadlock(() => this.flipSlice(of, userId, isCounted, from));
      changed += ids.length;
      after = ids.length === slice ? ids.at(-1) : undefined;
    }
    return changed;
  }

  private flipSlice(of: CountedRows, userId: string, isCounted: boolean, after: string): Promise<string[]> {
    const { table, flag, locks } = of;
    const should = of.should?.(isCounted) ?? sql<boolean>`${isCounted}`;
    return this.em.transactional(async (em) => {
      // One pass per account at a time, which reads the account's state under the lock: it never applies an outdated
      // state.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`account-states:${userId}`}, 0))`.all(em);
      const rows = await sql<{ id: string }>`
        select t.id from ${table} t where ${of.of(userId)} and t.id > ${after} and t.${flag} <> ${should}
          and (select (${isActive('users')}) = ${isCounted} from users where id = ${userId})
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
  private async confirm(userId: string, isCounted: boolean): Promise<boolean> {
    const rows = await sql`
      update users set is_counted = ${isCounted}
      where id = ${userId} and (${isActive('users')}) = ${isCounted} returning 1`.all(this.em);
    return rows.length > 0;
  }
}

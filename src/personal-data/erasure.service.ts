import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import { retryOnDeadlock } from '../platform/database/retry-on-deadlock.js';
import type { Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';
import { inventory } from './inventory.js';

const slice = 500;

const erasedTables = inventory.filter(({ table }) => table !== 'users');

/**
 * Something still belongs to the account: an upload that is not swept yet, or a row that a concurrent request added.
 */
class RowsRemain extends Error {
  constructor(table: string) {
    super(`${table} still holds rows of the account`);
  }
}

/** Erases accounts. Can be repeated and interrupted: the next run continues. */
@Injectable()
export class ErasureService {
  private readonly logger = new Logger('PersonalData');

  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Deletes everything of a closed account except its row, whose profile is cleared: the address is needed for the last
   * mail. Does nothing for an account that is not closed.
   * @throws {RowsRemain} while something can't be deleted: to be retried
   */
  async erase(userId: string, signal: AbortSignal): Promise<void> {
    const [closed] = await sql`select 1 from users where id = ${userId} and deleted_at is not null`.all(this.em);
    if (!closed) return;
    // Files shown by a profile can't be deleted.
    await sql`
      update users set profile_photo_id = null, channel_photo_id = null where id = ${userId}
        and deleted_at is not null`.all(this.em);
    const counts: Record<string, number> = {};
    for (const holding of erasedTables) {
      let gone: number | 'again';
      do {
        signal.throwIfAborted();
        // Jobs about what is deleted may hold rows in another order.
        gone = await retryOnDeadlock(() => this.em.transactional((em) => this.eraseSlice(em, holding, userId)));
        if (gone !== 'again') counts[holding.table] = (counts[holding.table] ?? 0) + gone;
      } while (gone === slice || gone === 'again');
    }
    await this.em.transactional(async (em) => {
      await this.expectNothingLeft(em, userId);
      const rows = await sql`
        update users set erased_at = now(), display_name = '', bio = '', color = null, pronouns = null, links =
          '[]', birthday = null
        where id = ${userId} and deleted_at is not null and erased_at is null returning id`.all(em);
      if (rows.length) await this.outbox.record('account.erased', { userId });
    });
    this.logger.log({ userId, counts }, 'account erased');
  }

  /**
   * Deletes the account's row, if the account is erased.
   * @throws {RowsRemain}
   */
  async forget(userId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      await this.expectNothingLeft(em, userId);
      await sql`delete from users where id = ${userId} and erased_at is not null`.all(em);
    });
  }

  /** Locks the account's row first, so that nothing can be added from then on. */
  private async expectNothingLeft(em: EntityManager, userId: string): Promise<void> {
    await sql`select 1 from users where id = ${userId} for update`.all(em);
    for (const holding of erasedTables) {
      const { table, rows } = holding;
      const left = await sql`select 1 from ${sql.ident(table)} t where ${rows(userId)} limit 1`.all(em);
      if (left.length) throw new RowsRemain(table);
    }
  }

  /**
   * Accounts closed 5 minutes ago and not erased, or erased 6 hours ago: their events were lost, or the last mail can't
   * be sent.
   */
  async overdue(): Promise<{ userId: string; isErased: boolean }[]> {
    return sql<{ userId: string; isErased: boolean }>`
      select id as "userId", erased_at is not null as "isErased" from users
      where deleted_at < now() - interval '5 minutes' and (erased_at is null
        or erased_at < now() - interval '6 hours') order by random() limit 100`.all(this.em);
  }

  /** @returns as `Holding.erase` */
  private async eraseSlice(em: EntityManager, holding: Holding, userId: string): Promise<number | 'again'> {
    const { table, rows, locks, when, erase } = holding;
    if (erase) return erase({ em, outbox: this.outbox, userId, limit: slice });
    const page = sql`from ${sql.ident(table)} t where ${rows(userId)} and ${when ?? sql`true`} limit ${slice}`;
    for (const lock of locks?.(page, userId) ?? []) await lock.all(em);
    const gone = await sql`
      delete from ${sql.ident(table)} where ctid in (select t.ctid ${page} for update) returning 1`.all(em);
    return gone.length;
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import type { ProblemCode } from '../platform/http/problem-codes.js';
import { Problem } from '../platform/http/problems.js';
import { sql } from '../platform/database/sql.js';
import { brokenUnique } from '../platform/database/unique.js';

const taken: Record<string, ProblemCode> = { users_username_key: 'username_taken', users_email_key: 'email_taken' };

/** Owns usernames and addresses: the unique indexes decide. */
@Injectable()
export class NamesService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
  ) {}

  /** Converts a violated unique index to its problem. */
  async claim<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      const code = taken[brokenUnique(error) ?? ''];
      throw code ? new Problem(code) : error;
    }
  }

  /**
   * The last former name stays reserved for its owner for 30 days, so that old links do not lead to a stranger. To be called
   * after the new name was written, in the same transaction: only then no concurrent rename can be missed.
   * @throws {Problem} `username_taken`
   */
  async mustBeFree(username: string, userId: string): Promise<void> {
    const [held] = await sql`
      select 1 from users where lower(former_username) = lower(${username})
        and renamed_at > now() - interval '30 days' and id <> ${userId}`.all(this.em);
    if (held) throw new Problem('username_taken');
  }

  async hasAccount(email: string): Promise<boolean> {
    const [found] = await sql`select 1 from users where lower(email) = lower(${email})`.all(this.em);
    return found !== undefined;
  }

  /**
   * Runs in the caller's transaction. A change of case only is not a rename.
   * @throws {Problem} `username_taken`
   */
  async rename(userId: string, username: string): Promise<void> {
    const [renamed] = await this.claim(() =>
      sql<{ id: string }>`
        update users set former_username = username, renamed_at = now(), username = ${username}, updated_at = now()
        where id = ${userId} and lower(username) <> lower(${username}) returning id`.all(this.em),
    );
    if (renamed) {
      await this.mustBeFree(username, userId);
      await this.outbox.record('account.changed', { userId, what: 'usernameChanged' });
    } else await sql`update users set username = ${username} where id = ${userId}`.all(this.em);
  }

  /**
   * Replaces the address by the pending one. Runs in the caller's transaction.
   * @throws {Problem} `email_taken`
   */
  async adoptEmail(userId: string): Promise<void> {
    const [changed] = await this.claim(() =>
      sql<{ former: string }>`
        update users set email = pending_email, email_verified_at = now(), pending_email = null, updated_at = now()
        where id = ${userId} and pending_email is not null returning old.email as former`.all(this.em),
    );
    if (!changed) throw new Problem('code_invalid');
    await this.outbox.record('account.changed', { userId, what: 'emailChanged', formerEmail: changed.former });
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { PasswordsService } from './passwords.service.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

/** The holder of a session or key may not be the account's owner. What can't be undone requires the password, too. */
@Injectable()
export class CurrentPasswordService {
  constructor(
    private readonly em: EntityManager,
    private readonly passwords: PasswordsService,
    private readonly limiter: RateLimiter,
  ) {}

  /**
   * Checks the password, then runs `then` in a transaction that checks it again under a lock: a concurrent change of
   * the password comes either before, and makes this one wrong, or after.
   *
   * Wrong passwords are counted per session, so that a stolen session does not lock out the owner.
   * @param first work that must lock other users' rows before the account's own; rolled back if the password is wrong
   * after all
   * @param prepare slow work that needs no transaction, once the password is known to be right
   * @throws {Problem} `wrong_password`, `too_many_requests`
   */
  async confirm<T>(
    viewer: Viewer,
    password: string | undefined,
    then: () => Promise<T>,
    { first, prepare }: { first?: () => Promise<void>; prepare?: () => Promise<void> } = {},
  ): Promise<T> {
    if (password === undefined) throw new Problem('wrong_password', 'This needs `currentPassword`.');
    const counted = `${viewer.id}:${viewer.sessionId ?? 'key'}`;
    await this.limiter.consume('confirmations', counted);
    await this.limiter.consume('current-password', counted);
    const hash = await this.hashOf(viewer.id);
    if (!(await this.passwords.matches(hash, password))) throw new Problem('wrong_password');
    await this.limiter.forgive('current-password', counted);
    await prepare?.();
    return this.em.transactional(async () => {
      await first?.();
      if ((await this.hashOf(viewer.id, sql`for no key update`)) !== hash) throw new Problem('wrong_password');
      return then();
    });
  }

  private async hashOf(userId: string, lock = sql``): Promise<string | null> {
    const [user] = await sql<{ password_hash: string }>`
      select password_hash from users where id = ${userId} and ${isActive('users')} ${lock}`.all(this.em);
    return user?.password_hash ?? null;
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { PasswordsService } from './passwords.service.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

/** Who holds a session or a key need not be its owner. What can't be taken back asks for the password, too. */
@Injectable()
export class CurrentPasswordService {
  constructor(
    private readonly em: EntityManager,
    private readonly passwords: PasswordsService,
    private readonly limiter: RateLimiter,
  ) {}

  /**
   * Asks for the password, then does what it allows in a transaction that nothing can slip into: whoever changes the
   * password at the same time comes before, and makes this one wrong, or after.
   *
   * Wrong ones are counted per session, so that a stolen one does not lock its owner's out.
   * @param first what has to lock others' rows before the account's own; undone where the password is wrong after all
   * @throws {Problem} `wrong_password`, `too_many_requests`
   */
  async confirm<T>(
    viewer: Viewer,
    password: string | undefined,
    then: () => Promise<T>,
    first?: () => Promise<void>,
  ): Promise<T> {
    if (password === undefined) throw new Problem('wrong_password', 'This needs `currentPassword`.');
    const counted = `${viewer.id}:${viewer.sessionId ?? 'key'}`;
    await this.limiter.consume('current-password', counted);
    const hash = await this.hashOf(viewer.id);
    if (!(await this.passwords.matches(hash, password))) throw new Problem('wrong_password');
    await this.limiter.forgive('current-password', counted);
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

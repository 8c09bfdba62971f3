import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { knownPassword, isPasswordPublic } from '../auth/passwords.schemas.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import type { ResetBody } from './accounts.schemas.js';
import { AccountAccess } from './account-access.service.js';
import { CodesService } from './codes.service.js';
import { PasswordResetLinks } from './password-reset-links.service.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

interface Account {
  username: string;
  email: string;
}

/** Resets forgotten passwords. No answer reveals whether an address has an account. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly codes: CodesService,
    private readonly links: PasswordResetLinks,
    private readonly access: AccountAccess,
    private readonly passwords: PasswordsService,
  ) {}

  async request(email: string): Promise<void> {
    try {
      await this.codes.request({ email }, 'reset_password');
    } catch (error) {
      // This hour's codes are on their way, and the last of them is still valid.
      if (!(error instanceof Problem && error.code === 'too_many_codes')) throw error;
    }
  }

  /**
   * By code, or by the link of the same mail.
   * @throws {Problem} `code_invalid`, `code_expired`, `too_many_tries`; `validation_failed`, which leaves code or link
   * valid
   */
  async reset({ email, code, token, newPassword }: ResetBody): Promise<void> {
    const hash = await this.passwords.hash(newPassword);
    if (email !== undefined && code !== undefined)
      return this.codes.redeem({ email, by: 'stranger' }, 'reset_password', code, (_, userId) =>
        this.setPassword(userId, newPassword, hash),
      );
    await this.em.transactional(async () => {
      const userId = await this.links.redeem(token!);
      if (!userId) throw new Problem('code_invalid', 'The link is no longer valid: request another one.');
      await this.setPassword(userId, newPassword, hash);
    });
  }

  /** Runs in the caller's transaction. */
  private async setPassword(userId: string, password: string, hash: string): Promise<void> {
    const [account] = await sql<Account>`
      select username, email from users where id = ${userId} and ${isActive('users')} for no key update`.all(this.em);
    if (!account) throw new Problem('code_invalid');
    if (isPasswordPublic(password, account))
      throw new Problem('validation_failed', { errors: [{ pointer: '/newPassword', message: knownPassword }] });
    await sql`
      update users set password_hash = ${hash}, email_verified_at = coalesce(email_verified_at, now()), updated_at =
        now()
      where id = ${userId}`.all(this.em);
    await this.access.endAll(userId);
    await this.outbox.record('account.changed', { userId, what: 'passwordReset' });
  }
}

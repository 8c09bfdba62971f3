import { Injectable } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import type { ResetBody } from './account.schemas.js';
import { ApiKeysService } from './api-keys.service.js';
import { knownPassword } from './auth.schemas.js';
import { CodesService } from './codes.service.js';
import { hashPassword, passwordTellsNothing } from './passwords.js';
import { TokensService } from './tokens.service.js';

interface Account {
  username: string;
  email: string;
  verified: boolean;
}

/** For those who forgot their password. Nothing here tells whether an address has an account. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly outbox: Outbox,
    private readonly codes: CodesService,
    private readonly tokens: TokensService,
    private readonly keys: ApiKeysService,
  ) {}

  async request(email: string): Promise<void> {
    try {
      await this.codes.request({ email }, 'reset_password');
    } catch (error) {
      // The codes of this hour are on their way, and the last one of them is still good.
      if (!(error instanceof Problem && error.code === 'too_many_codes')) throw error;
    }
  }

  /** @throws {Problem} `code_invalid`, `code_expired`, `too_many_tries`, `validation_failed`, after which the code is good yet */
  async reset({ email, code, newPassword }: ResetBody): Promise<void> {
    await this.codes.redeem({ email }, 'reset_password', code, async (em, userId) => {
      const [account] = await em.execute<Account[]>(
        `select username, email, email_verified_at is not null as verified from users
         where id = ? and disabled_at is null for no key update`,
        [userId],
      );
      if (!account) throw new Problem('code_invalid');
      if (passwordTellsNothing(newPassword, account))
        throw new Problem('validation_failed', { errors: [{ pointer: '/newPassword', message: knownPassword }] });
      await em.execute(
        `update users set password_hash = ?, email_verified_at = coalesce(email_verified_at, now()), updated_at = now()
         where id = ?`,
        [await hashPassword(newPassword), userId],
      );
      await this.tokens.endAll(userId);
      // Who opened an account with somebody else's address must not keep a key to it.
      if (!account.verified) await this.keys.revokeAll(userId);
      await this.outbox.record('account.changed', { userId, what: 'passwordReset' });
    });
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { ApiKeysService } from '../auth/api-keys.service.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { TokensService } from '../auth/tokens.service.js';
import type { Device } from '../platform/http/device.js';
import { IdempotencyKeys } from '../platform/http/idempotency-keys.service.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { AccountAccess } from './account-access.service.js';
import type { SignUpBody } from './accounts.schemas.js';
import { CodesService } from './codes.service.js';
import { NamesService } from './names.service.js';
import { sql } from '../platform/database/sql.js';
import { isActive, isNamed } from '../visibility/accounts.js';

/** Creates accounts and verifies addresses. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly em: EntityManager,
    private readonly passwords: PasswordsService,
    private readonly codes: CodesService,
    private readonly tokens: TokensService,
    private readonly users: UsersService,
    private readonly names: NamesService,
    private readonly keys: ApiKeysService,
    private readonly access: AccountAccess,
    private readonly idempotency: IdempotencyKeys,
  ) {}

  /** Account, default key, first session and the request for a code: all of it or nothing. */
  async signUp({ email, username, password, displayName, bio, locale }: SignUpBody, device: Device) {
    const passwordHash = await this.passwords.hash(password);
    return this.idempotency.once(async () => {
      const user = this.em.create(User, {
        email,
        username,
        passwordHash,
        displayName: displayName ?? username,
        bio: bio ?? '',
        locale: locale ?? 'en',
      });
      await this.names.claim(() => this.em.flush());
      await this.names.mustBeFree(username, user.id);
      await this.codes.request({ userId: user.id, email }, 'verify_email');
      const apiKey = await this.keys.first(user.id);
      const tokens = await this.tokens.open(user.id, device);
      return { user: await this.users.ownProfile(user.id), apiKey, ...tokens };
    });
  }

  /** Verifies the address of a new account, or an account's pending address. */
  async verifyEmail(name: string, code: string, viewer: Viewer | null) {
    if (name === 'me' && !viewer) throw new Problem('not_signed_in');
    const username = name === 'me' ? viewer!.username : name;
    const [user] = await sql<{ id: string; email: string; verified: boolean; pending: string | null }>`
      select id, email, email_verified_at is not null as verified, pending_email as pending
      from users where ${isNamed(username, 'users')} and ${isActive('users')}`.all(this.em);
    // An unknown name gets the answer of a wrong code: the route is open, and must not reveal accounts.
    if (!user || (user.verified && !user.pending)) throw new Problem('code_invalid');
    const by = viewer?.id === user.id ? 'owner' : 'stranger';
    if (user.verified)
      await this.codes.redeem({ userId: user.id, email: user.pending!, by }, 'change_email', code, async (_, id) => {
        await this.names.adoptEmail(id);
        await this.access.endClaims(id);
      });
    else
      await this.codes.redeem({ userId: user.id, email: user.email, by }, 'verify_email', code, (em, id) =>
        sql`update users set email_verified_at = now(), updated_at = now() where id = ${id}`.all(em),
      );
    return { user: await this.users.profile(username, null) };
  }

  /**
   * Mails another code to the address that is to be verified.
   * @throws {Problem} `already_verified`, `too_many_codes`
   */
  async resendCode({ id, emailVerified }: Viewer): Promise<void> {
    const { email, pendingEmail } = await this.users.ownProfile(id);
    const waiting = emailVerified ? pendingEmail : email;
    if (!waiting) throw new Problem('already_verified');
    await this.codes.request({ userId: id, email: waiting }, emailVerified ? 'change_email' : 'verify_email');
  }
}

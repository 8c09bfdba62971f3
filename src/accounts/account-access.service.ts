import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { ApiKeysService } from '../auth/api-keys.service.js';
import { TokensService } from '../auth/tokens.service.js';
import type { Viewer } from '../platform/http/viewer.js';
import { CodesService } from './codes.service.js';
import { PasswordResetLinks } from './password-reset-links.service.js';
import { sql } from '../platform/database/sql.js';

/** Revokes everything that gives access to an account, in case somebody else holds it. */
@Injectable()
export class AccountAccess {
  constructor(
    private readonly em: EntityManager,
    private readonly tokens: TokensService,
    private readonly keys: ApiKeysService,
    private readonly codes: CodesService,
    private readonly links: PasswordResetLinks,
  ) {}

  /**
   * Ends sessions, API keys, links to archives, and pending requests.
   * @param except the credential of the request, which stays
   */
  async endAll(userId: string, except?: Pick<Viewer, 'sessionId' | 'key'>): Promise<void> {
    await this.tokens.endAll(userId, except?.sessionId);
    await this.keys.revokeAll(userId, except?.key?.id);
    await sql`delete from exports where user_id = ${userId}`.all(this.em);
    await this.endClaims(userId);
  }

  /**
   * Cancels pending changes that a thief may have started and would only have to confirm: a password reset or a new
   * address.
   */
  async endClaims(userId: string): Promise<void> {
    await this.codes.forget(userId, 'reset_password');
    await this.links.revokeAll(userId);
    await this.codes.forget(userId, 'change_email');
    await sql`update users set pending_email = null where id = ${userId} and pending_email is not null`.all(this.em);
  }
}

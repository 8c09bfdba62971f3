import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { ApiKeysService } from '../auth/api-keys.service.js';
import { TokensService } from '../auth/tokens.service.js';
import type { Viewer } from '../platform/http/viewer.js';
import { CodesService } from './codes.service.js';
import { PasswordResetLinks } from './password-reset-links.service.js';
import { sql } from '../platform/database/sql.js';

/** Everything that opens an account, to be taken away from whoever may hold it unasked. */
@Injectable()
export class AccountAccess {
  constructor(
    private readonly em: EntityManager,
    private readonly tokens: TokensService,
    private readonly keys: ApiKeysService,
    private readonly codes: CodesService,
    private readonly links: PasswordResetLinks,
  ) {}

  /** Sessions, API keys, links to archives, and what was asked for. @param except what made the request stays */
  async endAll(userId: string, except?: Pick<Viewer, 'sessionId' | 'key'>): Promise<void> {
    await this.tokens.endAll(userId, except?.sessionId);
    await this.keys.revokeAll(userId, except?.key?.id);
    await sql`delete from exports where user_id = ${userId}`.all(this.em);
    await this.endClaims(userId);
  }

  /** What a thief has asked for, and only has to fetch: another password, by the address there is, or another address. */
  async endClaims(userId: string): Promise<void> {
    await this.codes.forget(userId, 'reset_password');
    await this.links.revokeAll(userId);
    await this.codes.forget(userId, 'change_email');
    await sql`update users set pending_email = null where id = ${userId} and pending_email is not null`.all(this.em);
  }
}

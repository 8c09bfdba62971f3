import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { Viewer } from '../platform/http/viewer.js';
import { ApiKeysService } from './api-keys.service.js';
import { CodesService } from './codes.service.js';
import { PasswordResetLinks } from './password-reset-links.service.js';
import { TokensService } from './tokens.service.js';

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

  /** Sessions, API keys, links to archives, and what resets a password. @param except what made the request stays */
  async endAll(userId: string, except?: Pick<Viewer, 'sessionId' | 'key'>): Promise<void> {
    await this.tokens.endAll(userId, except?.sessionId);
    await this.keys.revokeAll(userId, except?.key?.id);
    await this.em.execute('delete from exports where user_id = ?', [userId]);
    await this.endResets(userId);
  }

  async endResets(userId: string): Promise<void> {
    await this.codes.forget(userId, 'reset_password');
    await this.links.revokeAll(userId);
  }
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { randomToken, sha256 } from '../platform/secrets.js';
import { sql } from '../platform/database/sql.js';

/** Password reset links. They can't be guessed, so tries are not counted. */
@Injectable()
export class PasswordResetLinks {
  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @returns the page's address with the token in the fragment, which browsers send to no server */
  async issue(userId: string, expiresAt: Date): Promise<string> {
    const token = randomToken();
    await sql`
      insert into password_reset_links (user_id, token_hash, expires_at)
        values (${userId}, ${sha256(token)}, ${expiresAt})`.all(this.em);
    return `${this.config.http.publicUrl}/api/users/password-reset#${token}`;
  }

  /**
   * Consumes the link. Runs in the caller's transaction.
   * @returns its user's id; null if the link is invalid
   */
  async redeem(token: string): Promise<string | null> {
    const [link] = await sql<{ user_id: string }>`
      delete from password_reset_links where token_hash = ${sha256(token)}
        and expires_at > now() returning user_id`.all(this.em);
    return link?.user_id ?? null;
  }

  /** Runs in the caller's transaction. */
  async revokeAll(userId: string): Promise<void> {
    await sql`delete from password_reset_links where user_id = ${userId}`.all(this.em);
  }
}

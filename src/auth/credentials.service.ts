import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { isActive } from '../visibility/accounts.js';

/** The session or key behind a request. */
@Injectable()
export class CredentialsService {
  constructor(private readonly em: EntityManager) {}

  /**
   * Locks the account, then looks again whether the session or key is still valid: a change of the password may have
   * ended it since the guard looked. To be called in the transaction that creates what gives access, before it does:
   * whoever ends the session or key from then on waits for that transaction, and ends what it created, too.
   * @throws {Problem} `bad_credentials`
   */
  async hold({ id, sessionId, key }: Viewer): Promise<void> {
    const [account] = await sql`
      select 1 from users where id = ${id} and ${isActive('users')} for no key update`.all(this.em);
    // A statement of its own: one that had waited for the lock would see the rows as they were before.
    const [valid] = sessionId
      ? await sql`
          select 1 from sessions where id = ${sessionId} and ended_at is null and expires_at > now() for share`.all(
          this.em,
        )
      : await sql`
          select 1 from api_keys where id = ${key!.id} and revoked_at is null
            and (expires_at is null or expires_at > now()) for share`.all(this.em);
    if (!account || !valid) throw new Problem('bad_credentials');
  }
}

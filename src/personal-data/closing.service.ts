import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { CurrentPasswordService } from '../auth/current-password.service.js';
import { Outbox } from '../platform/events/outbox.js';
import type { Viewer } from '../platform/http/viewer.js';
import { UsersService } from '../users/users.service.js';
import { sql } from '../platform/database/sql.js';

/** Closes accounts. */
@Injectable()
export class ClosingService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly users: UsersService,
    private readonly password: CurrentPasswordService,
  ) {}

  /**
   * Hides and locks the account at once; jobs erase the rest.
   * @throws {Problem} `not_yours`, `user_not_found`, `wrong_password`
   */
  async close(viewer: Viewer, username: string, currentPassword: string): Promise<void> {
    await this.users.mustBeOwn(username, viewer);
    await this.password.confirm(viewer, currentPassword, async () => {
      await sql`
        update users set deleted_at = now(), disabled_at = coalesce(disabled_at, now()), username = '~' ||
          right(id::text, 24),
        former_username = null, renamed_at = null, pending_email = null,
        updated_at = now() where id = ${viewer.id}`.all(this.em);
      await sql`update sessions set ended_at = now() where user_id = ${viewer.id} and ended_at is null`.all(this.em);
      await this.outbox.record('account.closed', { userId: viewer.id });
    });
  }
}

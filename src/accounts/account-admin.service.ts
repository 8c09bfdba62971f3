import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { PasswordsService } from '../auth/passwords.service.js';
import type { roles } from '../platform/http/viewer.js';
import { SignUpBody } from './accounts.schemas.js';
import { sql, type Statement } from '../platform/database/sql.js';

export class NoSuchUser extends Error {
  constructor(name: string) {
    super(`There is no user ${name}.`);
  }
}

/** Operators' actions on accounts, from the command line. Users are named by username or e-mail address. */
@Injectable()
export class AccountAdminService {
  constructor(
    private readonly em: EntityManager,
    private readonly passwords: PasswordsService,
  ) {}

  /**
   * Creates an account whose address counts as verified: the operator vouches for it.
   * @throws {z.ZodError} by the same rules as signing up
   */
  async create(
    given: Pick<SignUpBody, 'username' | 'email' | 'password'>,
    role: (typeof roles)[number],
  ): Promise<void> {
    const { username, email, password } = SignUpBody.parse(given);
    await sql`
      insert into users (username, email, password_hash, display_name, role, email_verified_at)
        values (${username}, ${email}, ${await this.passwords.hash(password)}, ${username}, ${role}, now())`.all(
      this.em,
    );
  }

  /** Takes effect at once: each request checks the row. What the account published is hidden meanwhile. */
  disable(name: string): Promise<void> {
    return this.change(name, sql`disabled_at = coalesce(disabled_at, now())`);
  }

  enable(name: string): Promise<void> {
    return this.change(name, sql`disabled_at = null`);
  }

  promote(name: string, role: (typeof roles)[number]): Promise<void> {
    return this.change(name, sql`role = ${role}`);
  }

  /** Ends every session; with `keys` also deletes every API key. */
  async resetSessions(name: string, keys: boolean): Promise<void> {
    await this.em.transactional(async (em) => {
      const id = await this.find(em, name);
      await sql`update sessions set ended_at = now() where user_id = ${id} and ended_at is null`.all(em);
      if (keys) await sql`delete from api_keys where user_id = ${id}`.all(em);
    });
  }

  private change(name: string, set: Statement): Promise<void> {
    return this.em.transactional(async (em) => {
      const id = await this.find(em, name);
      await sql`update users set ${set}, updated_at = now() where id = ${id}`.all(em);
    });
  }

  private async find(em: EntityManager, name: string): Promise<string> {
    const [user] = await sql<{ id: string }>`
      select id from users where lower(${sql.raw(name.includes('@') ? 'email' : 'username')}) = lower(${name})
        and deleted_at is null for update`.all(em);
    if (!user) throw new NoSuchUser(name);
    return user.id;
  }
}

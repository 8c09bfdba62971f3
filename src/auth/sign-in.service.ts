import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import type { Device } from '../platform/http/device.js';
import { Problem } from '../platform/http/problems.js';
import { toNfcLeniently } from '../platform/unicode.js';
import { UsersService } from '../users/users.service.js';
import { isActive } from '../visibility/accounts.js';
import type { SignInBody } from './auth.schemas.js';
import { PasswordsService } from './passwords.service.js';
import { SignInTries } from './sign-in-tries.js';
import { TokensService } from './tokens.service.js';

@Injectable()
export class SignInService {
  constructor(
    private readonly em: EntityManager,
    private readonly passwords: PasswordsService,
    private readonly tokens: TokensService,
    private readonly tries: SignInTries,
    private readonly users: UsersService,
  ) {}

  /** An unknown name and a wrong password get the same answer in the same time. */
  async signIn({ usernameOrEmail, password }: SignInBody, device: Device) {
    const name = toNfcLeniently(usernameOrEmail);
    const user = await this.tries.guess(name, device.address, async () => {
      const [found] = await sql<{ id: string; password_hash: string }>`
        select id, password_hash from users where ${sql.raw(name.includes('@') ? 'lower(email)' : 'lower(username)')}
          = lower(${name}) and ${isActive('users')}`.all(this.em);
      return (await this.passwords.matches(found?.password_hash ?? null, password)) && found ? found : null;
    });
    if (!user) throw new Problem('invalid_credentials');
    const tokens = await this.em.transactional(async (em) => {
      // A concurrent change of the password ends all sessions: this one must not be opened after that.
      const [unchanged] = await sql`
        select 1 from users where id = ${user.id} and password_hash = ${user.password_hash}
          and ${isActive('users')} for share`.all(em);
      return unchanged ? this.tokens.open(user.id, device) : null;
    });
    if (!tokens) throw new Problem('invalid_credentials');
    return { user: await this.users.ownProfile(user.id), ...tokens };
  }
}

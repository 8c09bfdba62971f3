import { EntityManager, UniqueConstraintViolationException } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Problem, type ProblemCode } from '../platform/http/problems.js';
import { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { ApiKey } from './api-key.entity.js';
import type { SignInBody, SignUpBody } from './auth.schemas.js';
import { CodesService } from './codes.service.js';
import { hashPassword, passwordMatches } from './passwords.js';
import { randomToken, sha256 } from '../platform/secrets.js';
import { SignInTries } from './sign-in-tries.js';
import { TokensService, type Device } from './tokens.service.js';
import { scopes } from '../platform/http/viewer.js';

const taken: Record<string, ProblemCode> = { users_username_key: 'username_taken', users_email_key: 'email_taken' };

@Injectable()
export class AccountsService {
  constructor(
    private readonly em: EntityManager,
    private readonly codes: CodesService,
    private readonly tokens: TokensService,
    private readonly users: UsersService,
    private readonly tries: SignInTries,
  ) {}

  /** Account, default key, first session and the request for a code: all of it or nothing. */
  async signUp({ email, username, password, displayName, bio, locale }: SignUpBody, device: Device) {
    const passwordHash = await hashPassword(password);
    const apiKey = `vt_${randomToken()}`;
    try {
      const { id, tokens } = await this.em.transactional(async (em) => {
        const user = em.create(User, {
          email,
          username,
          passwordHash,
          displayName: displayName ?? username,
          bio: bio ?? '',
          locale: locale ?? 'en',
        });
        em.create(ApiKey, {
          user,
          name: 'default',
          isDefault: true,
          prefix: apiKey.slice(0, 12),
          hash: sha256(apiKey),
          scopes: [...scopes],
        });
        await em.flush();
        await this.codes.request(user.id, 'verify_email');
        return { id: user.id, tokens: await this.tokens.open(user.id, device) };
      });
      return { user: await this.users.ownProfile(id), apiKey, ...tokens };
    } catch (error) {
      throw takenProblem(error) ?? error;
    }
  }

  /** The same answer, after the same time, for an unknown name and a wrong password. */
  async signIn({ usernameOrEmail, password }: SignInBody, device: Device) {
    const name = usernameOrEmail.normalize('NFC');
    const user = await this.tries.guess(name, device.address, async () => {
      const [found] = await this.em.execute<{ id: string; password_hash: string }[]>(
        `select id, password_hash from users where ${name.includes('@') ? 'lower(email)' : 'lower(username)'} = lower(?) and disabled_at is null`,
        [name],
      );
      return (await passwordMatches(found?.password_hash ?? null, password)) && found ? found : null;
    });
    if (!user) throw new Problem('invalid_credentials');
    const tokens = await this.tokens.open(user.id, device);
    return { user: await this.users.ownProfile(user.id), ...tokens };
  }

  async verifyEmail(username: string, code: string) {
    const [user] = await this.em.execute<{ id: string; verified: boolean }[]>(
      'select id, email_verified_at is not null as verified from users where lower(username) = lower(?) and disabled_at is null',
      [username],
    );
    // An unknown name is told as a wrong code is: the route is open, and must not list accounts.
    if (!user || user.verified) throw new Problem('code_invalid');
    await this.codes.redeem(user.id, 'verify_email', code, (em) =>
      em.execute('update users set email_verified_at = now(), updated_at = now() where id = ?', [user.id]),
    );
    return { user: await this.users.profile(username, null) };
  }
}

function takenProblem(error: unknown): Problem | undefined {
  if (!(error instanceof UniqueConstraintViolationException)) return undefined;
  const code = taken[(error as { constraint?: string }).constraint ?? ''];
  return code && new Problem(code);
}

import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import { IdempotencyKeys } from '../platform/http/idempotency-keys.service.js';
import { Problem } from '../platform/http/problems.js';
import { amounts } from '../platform/limits/amounts.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { scopes, type Scope, type Viewer } from '../platform/http/viewer.js';
import { randomToken, sha256 } from '../platform/secrets.js';
import { UsersService } from '../users/users.service.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeysQueries, toAnswer } from './api-keys.queries.js';
import type { ApiKeyAnswer, NewApiKeyBody } from './api-keys.schemas.js';
import { CredentialsService } from './credentials.service.js';
import { CurrentPasswordService } from './current-password.service.js';
import { TokensService } from './tokens.service.js';
import { sql } from '../platform/database/sql.js';

interface Grant {
  name: string;
  isDefault: boolean;
  scopes: readonly Scope[];
  expiresAt: Date | null;
}
const full: Grant = { name: 'default', isDefault: true, scopes, expiresAt: null };

@Injectable()
export class ApiKeysService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly queries: ApiKeysQueries,
    private readonly users: UsersService,
    private readonly password: CurrentPasswordService,
    private readonly tokens: TokensService,
    private readonly credentials: CredentialsService,
    private readonly limiter: RateLimiter,
    private readonly idempotency: IdempotencyKeys,
  ) {}

  /** Creates the key of a new account. Runs in the caller's transaction. */
  async first(userId: string): Promise<string> {
    return (await this.make(userId, full)).apiKey;
  }

  /**
   * Replaces the default key; the old one is invalid from the commit on.
   * @throws {Problem} `scope_missing` for a key with fewer scopes or an expiry: the new one would be wider
   */
  async renew(viewer: Viewer, username: string, currentPassword: string): Promise<{ apiKey: string }> {
    await this.users.mustBeOwn(username, viewer);
    if (viewer.key?.expiresAt || scopes.some((scope) => !viewer.scopes.includes(scope)))
      throw new Problem('scope_missing', 'The default key has all scopes and no expiry: use a key that has both.');
    return this.password.confirm(viewer, currentPassword, async () => {
      const { id: userId } = viewer;
      await this.limiter.consume('credentials', userId);
      await sql`
        update api_keys set revoked_at = now() where user_id = ${userId} and is_default
          and revoked_at is null`.all(this.em);
      const { apiKey } = await this.make(userId, full);
      await this.outbox.record('account.changed', { userId, what: 'apiKeyCreated' });
      return { apiKey };
    });
  }

  /**
   * Needs the password or a recent sign-in: whoever finds an unattended device or a key must not create a key that
   * outlasts it.
   */
  async mint(
    viewer: Viewer,
    { currentPassword, ...wanted }: NewApiKeyBody,
  ): Promise<ApiKeyAnswer & { apiKey: string }> {
    const mint = () =>
      this.idempotency.once(async () => {
        await this.limiter.consume('credentials', viewer.id);
        return this.derive(viewer, wanted);
      });
    if (currentPassword !== undefined) return this.password.confirm(viewer, currentPassword, mint);
    if (await this.tokens.isFresh(viewer.sessionId)) return mint();
    throw new Problem('wrong_password', 'Send `currentPassword`, or sign in again.');
  }

  /** @throws {Problem} `api_key_not_found`, also for one that was revoked: only what changes something is remembered */
  async revoke(userId: string, id: string): Promise<void> {
    const [revoked] = await sql`
      update api_keys set revoked_at = now() where id = ${id} and user_id = ${userId} and revoked_at is null
      returning id`.all(this.em);
    if (!revoked) throw new Problem('api_key_not_found');
  }

  /**
   * Runs in the caller's transaction.
   * @param except the id of a key that stays
   */
  async revokeAll(userId: string, except?: string): Promise<void> {
    await sql`
      update api_keys set revoked_at = now() where user_id = ${userId} and revoked_at is null and id is distinct
        from ${except ?? null}::uuid`.all(this.em);
  }

  /**
   * Creates a key with the scopes and expiry of its creator, or less. One at a time per account: two at once would both
   * count 49 keys.
   * @throws {Problem} `scope_missing` for more than that, `bad_credentials` if its creator has ended, `too_many_keys`
   */
  private derive(
    viewer: Viewer,
    { name, scopes, expiresAt }: Omit<NewApiKeyBody, 'currentPassword'>,
  ): Promise<ApiKeyAnswer & { apiKey: string }> {
    const wider = scopes?.filter((scope) => !viewer.scopes.includes(scope)) ?? [];
    if (wider.length) throw new Problem('scope_missing', `The key has no scope \`${wider.join('`, `')}\` to pass on.`);
    const limit = viewer.key?.expiresAt ?? null;
    const until = expiresAt === undefined ? limit : expiresAt;
    if (limit && (!until || until > limit))
      throw new Problem('scope_missing', `The key itself expires at ${limit.toISOString()}.`);
    return this.em.transactional(async () => {
      await this.credentials.hold(viewer);
      if ((await this.queries.count(viewer.id)) >= amounts.apiKeys.max)
        throw new Problem('too_many_keys', `An account may have at most ${amounts.apiKeys.max} API keys.`);
      const minted = await this.make(viewer.id, {
        name,
        isDefault: false,
        scopes: scopes ?? viewer.scopes,
        expiresAt: until,
      });
      await this.outbox.record('account.changed', { userId: viewer.id, what: 'apiKeyCreated' });
      return minted;
    });
  }

  private async make(userId: string, { scopes, ...grant }: Grant): Promise<ApiKeyAnswer & { apiKey: string }> {
    const apiKey = `vt_${randomToken()}`;
    const key = this.em.create(ApiKey, {
      user: userId,
      ...grant,
      prefix: apiKey.slice(0, 12),
      hash: sha256(apiKey),
      scopes: [...scopes],
    });
    await this.em.persist(key).flush();
    return { ...toAnswer(key), apiKey };
  }
}

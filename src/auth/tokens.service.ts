import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { Device } from '../platform/http/device.js';
import { Problem } from '../platform/http/problems.js';
import { amounts } from '../platform/limits/amounts.js';
import { deriveKey, randomToken, sameSecret, sha256 } from '../platform/secrets.js';
import { Session } from './session.entity.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

export const accessTokenRules = (config: Pick<Config, 'secret'>) =>
  ({
    key: deriveKey(config.secret, 'access-token'),
    algorithm: 'HS256',
    issuer: 'vitrine',
    audience: 'vitrine-api',
  }) as const;

/** How long after a sign-in a session needs no password for a new API key. */
const freshMs = 10 * 60_000;

/** Sessions: a short access token (JWT) and a rotating refresh token (`<session id>.<secret>`, stored hashed). */
@Injectable()
export class TokensService {
  constructor(
    private readonly em: EntityManager,
    private readonly jwt: JwtService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Opens a session. Runs in the caller's transaction, if there is one. */
  async open(userId: string, { device, address }: Device) {
    const secret = randomToken();
    const session = this.em.create(Session, {
      user: userId,
      refreshHash: sha256(secret),
      device: device.slice(0, 200),
      address,
      expiresAt: this.refreshExpiry(),
    });
    await this.em.persist(session).flush();
    await sql`
      delete from sessions where id = any(array(
      select id from sessions where user_id = ${userId} order by ended_at desc nulls first, last_used_at desc offset
        ${amounts.sessions.max}))`.all(this.em);
    return this.pair(session.id, userId, secret);
  }

  /** Exchanges the newest refresh token for a new pair. An older one is a sign of theft: the whole session ends. */
  async rotate(refreshToken: string, { device, address }: Device) {
    const { sessionId, secret } = parse(refreshToken);
    const next = randomToken();
    const outcome = await this.em.transactional(async (em) => {
      const [session] = await sql<{ user_id: string; refresh_hash: string }>`
        select s.user_id, s.refresh_hash from sessions s join users u on u.id = s.user_id
        where s.id = ${sessionId} and s.ended_at is null and s.expires_at > now()
          and ${isActive()} for update of s`.all(em);
      if (!session) return null;
      if (!sameSecret(session.refresh_hash, sha256(secret))) {
        await sql`update sessions set ended_at = now() where id = ${sessionId}`.all(em);
        return null;
      }
      await sql`
        update sessions set refresh_hash = ${sha256(next)}, device = ${device.slice(0, 200)}, address = ${address},
          last_used_at = now(), expires_at = ${this.refreshExpiry()} where id = ${sessionId}`.all(em);
      return session.user_id;
    });
    if (!outcome) throw new Problem('refresh_token_invalid');
    return this.pair(sessionId, outcome, next);
  }

  /** Whether the session was opened with a password only recently. Never true for an API key. */
  async isFresh(sessionId: string | undefined): Promise<boolean> {
    if (!sessionId) return false;
    const [fresh] = await sql`
      select 1 from sessions where id = ${sessionId} and created_at > ${new Date(Date.now() - freshMs)}`.all(this.em);
    return fresh !== undefined;
  }

  async end(sessionId: string): Promise<void> {
    await sql`update sessions set ended_at = now() where id = ${sessionId} and ended_at is null`.all(this.em);
  }

  /** @throws {Problem} `session_not_found`, also for one that has ended: only what changes something is remembered */
  async endOwn(userId: string, sessionId: string): Promise<void> {
    const [ended] = await sql`
      update sessions set ended_at = now() where id = ${sessionId} and user_id = ${userId} and ended_at is null
      returning id`.all(this.em);
    if (!ended) throw new Problem('session_not_found');
  }

  /** Signs a user out everywhere, or everywhere else. Runs in the caller's transaction, if there is one. */
  async endAll(userId: string, except?: string): Promise<void> {
    await sql`
      update sessions set ended_at = now() where user_id = ${userId} and ended_at is null and id is distinct
        from ${except ?? null}::uuid`.all(this.em);
  }

  private pair(sessionId: string, userId: string, secret: string) {
    const { key, algorithm, issuer, audience } = accessTokenRules(this.config);
    const expiresIn = Math.floor(this.config.tokens.accessMs / 1_000);
    const accessToken = this.jwt.sign(
      { sid: sessionId },
      { secret: key, algorithm, issuer, audience, subject: userId, expiresIn },
    );
    return { accessToken, refreshToken: `${sessionId}.${secret}`, expiresIn };
  }

  private refreshExpiry(): Date {
    return new Date(Date.now() + this.config.tokens.refreshMs);
  }
}

function parse(refreshToken: string) {
  const [sessionId = '', secret = ''] = refreshToken.split('.');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(sessionId) || !secret)
    throw new Problem('refresh_token_invalid');
  return { sessionId, secret };
}

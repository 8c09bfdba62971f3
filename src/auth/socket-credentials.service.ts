import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { JsonWebTokenError, JwtService } from '@nestjs/jwt';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { sql } from '../platform/database/sql.js';
import type { Viewer } from '../platform/http/viewer.js';
import { isActive } from '../visibility/accounts.js';
import { CredentialsQueries } from './credentials.queries.js';
import { Claims, maxHeaderLength } from './strategies.js';
import { accessTokenRules } from './tokens.service.js';

export interface Identified {
  viewer: Viewer;
  /** Of the access token or key; null for a key without expiry. */
  expiresAt: Date | null;
}

/** The credentials of requests, for connections that outlast one. */
@Injectable()
export class SocketCredentials {
  constructor(
    private readonly em: EntityManager,
    private readonly jwt: JwtService,
    private readonly credentials: CredentialsQueries,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async byToken(token: string): Promise<Identified | null> {
    const claims = token.length > maxHeaderLength ? null : this.verify(token);
    const viewer = claims && (await this.credentials.bySession(claims.sid, claims.sub));
    return viewer && { viewer, expiresAt: new Date(claims.exp * 1_000) };
  }

  async byApiKey(key: string): Promise<Identified | null> {
    const viewer = key.length > maxHeaderLength ? null : await this.credentials.byApiKey(key);
    return viewer && { viewer, expiresAt: viewer.key!.expiresAt };
  }

  /** @returns those sessions and keys of `ids` that are still valid */
  async valid(ids: readonly string[]): Promise<Set<string>> {
    const rows = await sql<{ id: string }>`
      select s.id from sessions s join users u on u.id = s.user_id
      where s.id = any(${ids}::uuid[]) and s.ended_at is null and s.expires_at > now() and ${isActive()}
      union all
      select k.id from api_keys k join users u on u.id = k.user_id
      where k.id = any(${ids}::uuid[]) and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
        and ${isActive()}`.all(this.em);
    return new Set(rows.map(({ id }) => id));
  }

  private verify(token: string) {
    const { key, algorithm, issuer, audience } = accessTokenRules(this.config);
    try {
      const payload: unknown = this.jwt.verify(token, { secret: key, algorithms: [algorithm], issuer, audience });
      return Claims.safeParse(payload).data ?? null;
    } catch (error) {
      if (error instanceof JsonWebTokenError) return null;
      throw error;
    }
  }
}

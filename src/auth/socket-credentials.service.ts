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

/** A session or key, and whose it is. */
export interface Held {
  id: string;
  userId: string;
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

  /** @returns those that are not valid any more, each with the reason */
  async ended(held: readonly Held[]): Promise<Map<string, 'signed_out' | 'account_closed'>> {
    // Its rows may be gone, or the account itself.
    const rows = await sql<{ id: string; isActive: boolean }>`
      select h.id, u.id is not null and ${isActive()} as "isActive"
      from unnest(${held.map(({ id }) => id)}::uuid[], ${held.map(({ userId }) => userId)}::uuid[]) as h (id, user_id)
      left join users u on u.id = h.user_id
      left join sessions s on s.id = h.id and s.ended_at is null and s.expires_at > now()
      left join api_keys k on k.id = h.id and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
      where u.id is null or not ${isActive()} or (s.id is null and k.id is null)`.all(this.em);
    return new Map(rows.map((row) => [row.id, row.isActive ? 'signed_out' : 'account_closed']));
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

import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy as CustomStrategy } from 'passport-custom';
import { Strategy as JwtStrategy } from 'passport-jwt';
import { z } from 'zod';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { CredentialsQueries } from './credentials.queries.js';
import { accessTokenRules } from './tokens.service.js';
import type { Viewer } from '../platform/http/viewer.js';

/** Requires `exp`, which we always set: the library accepts tokens without it. */
export const Claims = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.int() });

/** Of the whole header: the library's own parsing is quadratic in a header without spaces. */
export const maxHeaderLength = 2_048;
const bearerToken = ({ headers }: { headers: { authorization?: string } }): string | null => {
  const { authorization = '' } = headers;
  if (authorization.length > maxHeaderLength) return null;
  return /^Bearer +([\w.-]+) *$/i.exec(authorization)?.[1] ?? null;
};

/** `Authorization: Bearer <access token>`. The token names a session, and the session must still be active. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(JwtStrategy, 'access-token') {
  constructor(
    @Inject(CONFIG) config: Config,
    private readonly credentials: CredentialsQueries,
  ) {
    const { key, algorithm, issuer, audience } = accessTokenRules(config);
    super({
      jwtFromRequest: bearerToken,
      secretOrKey: key,
      algorithms: [algorithm],
      issuer,
      audience,
    });
  }

  async validate(payload: unknown): Promise<Viewer | null> {
    const claims = Claims.safeParse(payload);
    return claims.success ? this.credentials.bySession(claims.data.sid, claims.data.sub) : null;
  }
}

/** `X-API-KEY: <key>` */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(CustomStrategy, 'api-key') {
  constructor(private readonly credentials: CredentialsQueries) {
    super();
  }

  async validate(request: FastifyRequest): Promise<Viewer | null> {
    const key = request.headers['x-api-key'];
    return typeof key === 'string' ? this.credentials.byApiKey(key) : null;
  }
}

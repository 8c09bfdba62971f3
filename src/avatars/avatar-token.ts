import {
  applyDecorators,
  Inject,
  Injectable,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { OtherCredentials } from '../platform/http/access.js';
import { Problem } from '../platform/http/problems.js';
import { problemAnswers } from '../platform/http/route.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { Hash } from './avatars.schemas.js';

const algorithms = ['HS256', 'HS384', 'HS512'] as const;
const Claims = z.object({ hash: Hash, exp: z.number() });

/** Tokens for uploads and deletions, which an integrator signs with the shared secret (RFC 7519, HMAC). */
@Injectable()
export class AvatarTokens {
  private readonly secret: string;

  constructor(
    private readonly jwt: JwtService,
    @Inject(CONFIG) config: Config,
  ) {
    this.secret = config.avatars.secret;
  }

  /** @param seconds how long it is valid */
  sign(hash: string, seconds: number): string {
    return this.jwt.sign({ hash }, { secret: this.secret, expiresIn: seconds, algorithm: 'HS256' });
  }

  /**
   * @returns the hash that it is for
   * @throws {Problem} `avatar_token_invalid`
   */
  hashOf(token: string): string {
    const claims = Claims.safeParse(this.verified(token));
    if (claims.success) return claims.data.hash;
    throw new Problem('avatar_token_invalid', 'The token needs the claims `hash` and `exp`.');
  }

  private verified(token: string): unknown {
    try {
      return this.jwt.verify<object>(token, { secret: this.secret, algorithms: [...algorithms] });
    } catch (error) {
      throw new Problem('avatar_token_invalid', { cause: error });
    }
  }
}

/** Admits requests with a token for the hash in the path, as often as the rate limit `avatar` allows. */
@Injectable()
class AvatarTokenGuard implements CanActivate {
  constructor(
    private readonly tokens: AvatarTokens,
    private readonly limiter: RateLimiter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { headers, params } = http.getRequest<FastifyRequest<{ Params: { hash: string } }>>();
    const token = /^Bearer +(\S{1,4000})$/i.exec(headers.authorization ?? '')?.[1];
    if (!token) throw new Problem('avatar_token_missing');
    const hash = this.tokens.hashOf(token);
    if (hash !== params.hash.toLowerCase()) throw new Problem('avatar_token_mismatch');
    const counted = await this.limiter.consume('avatar', hash);
    if (counted) http.getResponse<FastifyReply>().headers(counted);
    return true;
  }
}

/** Needs a token for this avatar, and no account of Vitrine. */
export const WithAvatarToken = () =>
  applyDecorators(
    OtherCredentials(),
    UseGuards(AvatarTokenGuard),
    ApiBearerAuth('avatarToken'),
    problemAnswers([
      'avatar_token_missing',
      'avatar_token_invalid',
      'avatar_token_mismatch',
      'too_many_requests',
      'validation_failed',
    ]),
  );

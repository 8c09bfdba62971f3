import { Injectable, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard, type IAuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../platform/http/problems.js';
import { ACCESS, type Access } from '../platform/http/access.js';

const byHeader = {
  'x-api-key': new (AuthGuard('api-key') as Type<IAuthGuard>)(),
  authorization: new (AuthGuard('access-token') as Type<IAuthGuard>)(),
};

/** The one global guard. A route without an access decorator is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!access) throw new Problem('not_found');
    if (access.who === 'nobody') return true;

    const request = context.switchToHttp().getRequest<FastifyRequest>();
    await this.identify(context, request);
    const { user } = request;
    if (!user) {
      if (access.who === 'anyone') return true;
      throw new Problem('not_signed_in');
    }
    if (access.verified && !user.emailVerified) throw new Problem('email_not_verified');
    if (!user.scopes.includes(access.scope))
      throw new Problem('scope_missing', `The key needs the scope \`${access.scope}\``);
    return true;
  }

  private async identify(context: ExecutionContext, request: FastifyRequest): Promise<void> {
    for (const [header, guard] of Object.entries(byHeader)) {
      if (request.headers[header] === undefined) continue;
      try {
        await guard.canActivate(context);
      } catch (error) {
        // Only Passport's own refusals; other errors, such as an unavailable database, pass.
        if ((error as { status?: number }).status !== 401) throw error;
        const isKey = String(request.headers[header]).startsWith('Bearer vt_');
        throw new Problem('bad_credentials', {
          ...(isKey && { detail: 'This is an API key: send it as X-API-KEY.' }),
          headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
        });
      }
      return;
    }
  }
}

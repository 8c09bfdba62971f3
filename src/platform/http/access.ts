import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { problemAnswers } from './route.js';
import type { Scope, Viewer } from './viewer.js';

export const ACCESS = Symbol('access');
export interface Access {
  /** `nobody`: credentials are not looked at. `anyone`: they may be missing, but not wrong. */
  who: 'nobody' | 'anyone' | 'user';
  verified: boolean;
  scope: Scope;
}

declare module 'fastify' {
  interface FastifyRequest {
    user?: Viewer;
  }
}

const credentials = () => applyDecorators(ApiSecurity('apiKey'), ApiBearerAuth('accessToken'));

/** Open, and ignores credentials: sign-in, health, documentation. */
export const Public = () =>
  applyDecorators(
    SetMetadata(ACCESS, { who: 'nobody', verified: false, scope: 'read' } satisfies Access),
    ApiSecurity({}),
  );

/** Credentials of accounts are not looked at: a guard of the route's own decides. */
export const OtherCredentials = () =>
  SetMetadata(ACCESS, { who: 'nobody', verified: false, scope: 'read' } satisfies Access);

/**
 * Open; signed-in users get their own view. Wrong credentials are 401, not anonymous.
 * @param scope that a key needs
 */
export const OptionalUser = (scope: Scope = 'read') =>
  applyDecorators(
    SetMetadata(ACCESS, { who: 'anyone', verified: false, scope } satisfies Access),
    ApiSecurity({}),
    credentials(),
    problemAnswers(['bad_credentials', 'scope_missing']),
  );

/** Signed in; the e-mail address need not be verified yet. */
export const SignedIn = (scope: Scope) =>
  applyDecorators(
    SetMetadata(ACCESS, { who: 'user', verified: false, scope } satisfies Access),
    credentials(),
    problemAnswers(['not_signed_in', 'bad_credentials', 'scope_missing']),
  );

/** Signed in, with a verified e-mail address. */
export const Verified = (scope: Scope) =>
  applyDecorators(
    SetMetadata(ACCESS, { who: 'user', verified: true, scope } satisfies Access),
    credentials(),
    problemAnswers(['not_signed_in', 'bad_credentials', 'email_not_verified', 'scope_missing']),
  );

const request = (context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>();

/** The viewer, on a route that requires one. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): Viewer => {
  const { user } = request(context);
  if (!user) throw new Error('CurrentUser on a route that allows anonymous requests');
  return user;
});

/** The viewer, or null for a stranger. */
export const MaybeUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): Viewer | null => request(context).user ?? null,
);

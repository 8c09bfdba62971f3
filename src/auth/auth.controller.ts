import { Body, Controller, createParamDecorator, HttpCode, Param, Post, type ExecutionContext } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Limited } from '../platform/limits/limited.js';
import { Documented } from '../platform/http/route.js';
import { AccountsService } from '../accounts/accounts.service.js';
import { CurrentUser, MaybeUser, OptionalUser, Public, SignedIn } from '../platform/http/access.js';
import { IdempotentInService } from '../platform/http/idempotency.js';
import {
  RefreshBody,
  SignedInAnswer,
  SignedUpAnswer,
  SignInBody,
  SignOutBody,
  SignUpBody,
  Tokens,
  VerifiedAnswer,
  VerifyParams,
} from './auth.schemas.js';
import { TokensService, type Device } from './tokens.service.js';
import type { Viewer } from '../platform/http/viewer.js';

const FromDevice = createParamDecorator((_: unknown, context: ExecutionContext): Device => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { device: request.headers['user-agent'] ?? '', address: request.ip };
});

@ApiTags('accounts')
@Controller('users')
export class AuthController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly tokens: TokensService,
  ) {}

  @Post()
  @Public()
  @Limited('sign-up')
  @IdempotentInService(201)
  @Documented({
    summary: 'Sign up',
    description:
      'Opens an account and a session, and mails a code for `POST users/{username}/verify/{code}`. The API key is shown this once.',
    answers: { 201: { schema: SignedUpAnswer, description: 'The account, its key and a session' } },
    problems: ['validation_failed', 'username_taken', 'email_taken', 'too_many_codes'],
  })
  signUp(@Body({ schema: SignUpBody }) body: SignUpBody, @FromDevice() device: Device) {
    return this.accounts.signUp(body, device);
  }

  @Post('sign-in')
  @HttpCode(200)
  @Public()
  @Documented({
    summary: 'Sign in',
    answers: { 200: { schema: SignedInAnswer, description: 'A new session' } },
    problems: ['validation_failed', 'invalid_credentials', 'too_many_requests'],
  })
  signIn(@Body({ schema: SignInBody }) body: SignInBody, @FromDevice() device: Device) {
    return this.accounts.signIn(body, device);
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @Limited('refresh')
  @Documented({
    summary: 'Get new tokens',
    description:
      'Each refresh token is good once. Using an old one ends the session: somebody else may have it. That goes for two requests at once, too, and for a repeat after a lost answer: refresh in one place, and sign in again when in doubt.',
    answers: { 200: { schema: Tokens, description: 'A new pair' } },
    problems: ['validation_failed', 'refresh_token_invalid'],
  })
  refresh(@Body({ schema: RefreshBody }) { refreshToken }: z.infer<typeof RefreshBody>, @FromDevice() device: Device) {
    return this.tokens.rotate(refreshToken, device);
  }

  @Post('sign-out')
  @HttpCode(204)
  @SignedIn('account')
  @Documented({
    summary: 'Sign out',
    description: 'Ends the session of the access token: its tokens are dead at once. An API key has no session to end.',
    answers: { 204: null },
    problems: ['validation_failed'],
  })
  async signOut(@CurrentUser() viewer: Viewer, @Body({ schema: SignOutBody }) _body: z.infer<typeof SignOutBody>) {
    if (viewer.sessionId) await this.tokens.end(viewer.sessionId);
  }

  @Post('resend-email')
  @HttpCode(202)
  @SignedIn('account')
  @Limited('resend')
  @Documented({
    summary: 'Mail a new code',
    description:
      'For the address that waits to be verified: the first one, or a new one. The old code is dead from here on.',
    answers: { 202: null },
    problems: ['already_verified', 'too_many_codes'],
  })
  resend(@CurrentUser() viewer: Viewer) {
    return this.accounts.resendCode(viewer);
  }

  @Post(':username/verify/:code')
  @HttpCode(200)
  @OptionalUser()
  @Limited('verify')
  @Documented({
    summary: 'Verify the e-mail address',
    description:
      'The first one of an account, or the `pendingEmail`, which takes the place of the old one. Ten tries an hour; those of the signed-in owner are counted apart from those of anybody else.',
    params: { username: 'Whose address; `me` for the caller’s', code: 'The six digits from the mail' },
    answers: { 200: { schema: VerifiedAnswer, description: 'Verified' } },
    problems: ['code_invalid', 'code_expired', 'too_many_tries', 'email_taken', 'not_signed_in', 'validation_failed'],
  })
  verify(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: VerifyParams }) { username, code }: z.infer<typeof VerifyParams>,
  ) {
    return this.accounts.verifyEmail(username, code, viewer);
  }
}

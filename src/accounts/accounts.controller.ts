import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, MaybeUser, OptionalUser, Public, SignedIn } from '../platform/http/access.js';
import { FromDevice, type Device } from '../platform/http/device.js';
import { IdempotentInService } from '../platform/http/idempotency.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { SignedUpAnswer, SignUpBody, VerifiedAnswer, VerifyParams } from './accounts.schemas.js';
import { AccountsService } from './accounts.service.js';

// Explicit operation ids: these routes used to be in the auth controller, and generated clients keep their names.
@ApiTags('accounts')
@Controller('users')
export class AccountsController {
  constructor(private readonly accounts: AccountsService) {}

  @Post()
  @Public()
  @Limited('sign-up')
  @IdempotentInService(201)
  @Documented({
    summary: 'Sign up',
    operationId: 'auth-signUp',
    description:
      'Creates an account and a session, and mails a code for `POST users/{username}/verify/{code}`. The API key is shown only once.',
    answers: { 201: { schema: SignedUpAnswer, description: 'The account, its key and a session' } },
    problems: ['validation_failed', 'username_taken', 'email_taken', 'too_many_codes'],
  })
  signUp(@Body({ schema: SignUpBody }) body: SignUpBody, @FromDevice() device: Device) {
    return this.accounts.signUp(body, device);
  }

  @Post('resend-email')
  @HttpCode(202)
  @SignedIn('account')
  @Limited('resend')
  @Documented({
    summary: 'Mail a new code',
    operationId: 'auth-resend',
    description: 'For the address to be verified: the first one, or a new one. The old code is no longer valid.',
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
    operationId: 'auth-verify',
    description:
      'The first address of an account, or the `pendingEmail`, which replaces the old one. Ten tries an hour; those of the signed-in owner are counted separately from all others.',
    params: { username: 'The account; `me` for the caller’s', code: 'The six digits from the mail' },
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

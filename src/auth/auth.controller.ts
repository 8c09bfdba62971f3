import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Public, SignedIn } from '../platform/http/access.js';
import { FromDevice, type Device } from '../platform/http/device.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { RefreshBody, SignedInAnswer, SignInBody, SignOutBody, Tokens } from './auth.schemas.js';
import { SignInService } from './sign-in.service.js';
import { TokensService } from './tokens.service.js';

@ApiTags('accounts')
@Controller('users')
export class AuthController {
  constructor(
    private readonly signIns: SignInService,
    private readonly tokens: TokensService,
  ) {}

  @Post('sign-in')
  @HttpCode(200)
  @Public()
  @Documented({
    summary: 'Sign in',
    answers: { 200: { schema: SignedInAnswer, description: 'A new session' } },
    problems: ['validation_failed', 'invalid_credentials', 'too_many_requests'],
  })
  signIn(@Body({ schema: SignInBody }) body: SignInBody, @FromDevice() device: Device) {
    return this.signIns.signIn(body, device);
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @Limited('refresh')
  @Documented({
    summary: 'Get new tokens',
    description:
      'Each refresh token works once. Using an old one ends the session, because somebody else may have it. That includes two requests at once, and a repeat after a lost answer: refresh in one place, and sign in again when in doubt.',
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
    description:
      'Ends the session of the access token: its tokens stop working at once. An API key has no session to end.',
    answers: { 204: null },
    problems: ['validation_failed'],
  })
  async signOut(@CurrentUser() viewer: Viewer, @Body({ schema: SignOutBody }) _body: z.infer<typeof SignOutBody>) {
    if (viewer.sessionId) await this.tokens.end(viewer.sessionId);
  }
}

import { Body, Controller, Get, Header, HttpCode, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Public } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import { Limited } from '../platform/limits/limited.js';
import { ResetBody, ResetRequestBody } from './accounts.schemas.js';
import { passwordResetPage } from './password-reset.page.js';
import { PasswordResetService } from './password-reset.service.js';

@ApiTags('accounts')
@Controller('users/password-reset')
export class PasswordResetController {
  constructor(private readonly resets: PasswordResetService) {}

  @Post()
  @HttpCode(202)
  @Public()
  @Limited('password-reset')
  @Documented({
    summary: 'Request a new password',
    description:
      'Mails a code and a link if the address has an account; the answer is the same if not. The old code is no longer valid; links of earlier mails are valid until they expire. At most five mails an hour are sent to an address.',
    answers: { 202: null },
    problems: ['validation_failed'],
  })
  request(@Body({ schema: ResetRequestBody }) { email }: z.infer<typeof ResetRequestBody>) {
    return this.resets.request(email);
  }

  @Get()
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Documented({
    summary: 'The page that the mailed link opens',
    answers: { 200: { description: 'A form for a new password', content: 'text/html' } },
  })
  page(): string {
    return passwordResetPage;
  }

  @Put()
  @HttpCode(204)
  @Public()
  @Limited('password-reset')
  @Documented({
    summary: 'Set a new password',
    description:
      'With `email` and `code`, or with the `token` of the mailed link. All sessions, API keys and links to archives end, a notice is mailed, and the address counts as verified. Ten tries of a code an hour; links are not limited.',
    answers: { 204: null },
    problems: ['code_invalid', 'code_expired', 'too_many_tries', 'validation_failed'],
  })
  reset(@Body({ schema: ResetBody }) body: ResetBody) {
    return this.resets.reset(body);
  }
}

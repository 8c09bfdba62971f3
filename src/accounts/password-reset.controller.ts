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
    summary: 'Ask for a new password',
    description:
      'Mails a code and a link, if there is such an account: the answer is the same if not. The old code is dead from here on; links of earlier mails are good until they expire. At most five mails go to an address in an hour.',
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
    summary: 'The page behind the address in a mail',
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
      'With `email` and `code`, or with the `token` of the mailed link. All sessions, API keys and links to archives end, and a notice is mailed. The address counts as verified from here on. Ten tries of a code an hour; a link is not counted.',
    answers: { 204: null },
    problems: ['code_invalid', 'code_expired', 'too_many_tries', 'validation_failed'],
  })
  reset(@Body({ schema: ResetBody }) body: ResetBody) {
    return this.resets.reset(body);
  }
}

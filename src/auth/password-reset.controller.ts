import { Body, Controller, HttpCode, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Public } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import { Limited } from '../platform/limits/limited.js';
import { ResetBody, ResetRequestBody } from './account.schemas.js';
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
      'Mails a code, if there is such an account: the answer is the same if not. The old code is dead from here on. At most five codes go to an address in an hour.',
    answers: { 202: null },
    problems: ['validation_failed'],
  })
  request(@Body({ schema: ResetRequestBody }) { email }: z.infer<typeof ResetRequestBody>) {
    return this.resets.request(email);
  }

  @Put()
  @HttpCode(204)
  @Public()
  @Limited('password-reset')
  @Documented({
    summary: 'Set a new password',
    description:
      'All sessions end, and a notice is mailed. The code also proves the address; where that was not verified before, the API keys end, too.',
    answers: { 204: null },
    problems: ['code_invalid', 'code_expired', 'too_many_tries', 'validation_failed'],
  })
  reset(@Body({ schema: ResetBody }) body: ResetBody) {
    return this.resets.reset(body);
  }
}

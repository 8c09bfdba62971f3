import { Body, Controller, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Profile, UsernameParam } from '../users/users.schemas.js';
import { AccountEditService } from './account-edit.service.js';
import { AccountEdit } from './accounts.schemas.js';

@ApiTags('users')
@Controller('users')
export class AccountController {
  constructor(private readonly edits: AccountEditService) {}

  @Put(':username')
  @Verified('write')
  @Documented({
    summary: 'Change your profile, name, address or password',
    description:
      'Only the given fields change. `username`, `email` and `newPassword` need `currentPassword`, and an API key the scope `account`. A new `email` is `pendingEmail` until the code mailed to it is sent to `POST users/{username}/verify/{code}`. With `email` or `newPassword` all other sessions end. Your last former username stays reserved for you for 30 days.',
    params: { username: 'Your username, or `me`' },
    answers: { 200: { schema: Profile, description: 'The changed profile' } },
    problems: [
      'wrong_password',
      'not_yours',
      'user_not_found',
      'username_taken',
      'email_taken',
      'validation_failed',
      'too_many_codes',
      'too_many_requests',
    ],
  })
  edit(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: z.infer<typeof UsernameParam>,
    @Body({ schema: AccountEdit }) body: AccountEdit,
  ) {
    return this.edits.edit(viewer, username, body);
  }
}

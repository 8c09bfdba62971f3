import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { MaybeUser, OptionalUser } from '../platform/http/access.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Documented } from '../platform/http/route.js';
import { Profile, UsernameParam } from './users.schemas.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get(':username')
  @OptionalUser()
  @Documented({
    summary: 'Read a profile',
    description: '`me` is the caller, and adds `email`, `emailVerified`, `role` and `quota`.',
    params: { username: 'A username, or `me`' },
    answers: { 200: { schema: Profile, description: 'The profile' } },
    problems: ['user_not_found', 'validation_failed'],
  })
  read(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: UsernameParam }) { username }: z.infer<typeof UsernameParam>,
  ) {
    return this.users.profile(username, viewer?.id ?? null);
  }
}

import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { UsernameParam } from '../users/users.schemas.js';
import { PresenceAnswer } from './presence.schemas.js';
import { PresenceService } from './presence.service.js';

@ApiTags('users')
@Controller('users/:username/presence')
export class PresenceController {
  constructor(private readonly presence: PresenceService) {}

  @Get()
  @Verified('read')
  @Documented({
    summary: 'Ask whether a user is online',
    description:
      'As far as their `showPresence` lets you. To be told as it changes, send `presence.watch` to a socket.',
    params: { username: 'A username, or `me`' },
    answers: { 200: { schema: PresenceAnswer, description: 'Now' } },
    problems: ['user_not_found', 'validation_failed'],
  })
  read(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: z.infer<typeof UsernameParam>,
  ): Promise<PresenceAnswer> {
    return this.presence.of(viewer, username);
  }
}

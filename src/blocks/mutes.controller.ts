import { Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { Relation, UsernameParam, UserPage } from '../users/users.schemas.js';
import { MutesService } from './mutes.service.js';

type Address = z.infer<typeof UsernameParam>;
const params = { username: 'A username' };
const problems = ['user_not_found', 'yourself', 'validation_failed'] as const;

@ApiTags('blocks')
@Controller('mutes')
export class MutesController {
  constructor(private readonly mutes: MutesService) {}

  @Get()
  @Verified('read')
  @Documented({
    summary: 'List the users you mute',
    answers: { 200: { schema: UserPage, description: 'A page, newest first' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() viewer: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.mutes.list(viewer, query);
  }

  @Post(':username')
  @Verified('write')
  @Limited('block')
  @Documented({
    summary: 'Mute a user',
    description: 'Hides them from your lists and notifications. They are not notified, and may still follow you.',
    params,
    answers: {
      201: { schema: Relation, description: 'Muted' },
      200: { schema: Relation, description: 'They were muted already' },
    },
    problems: [...problems, 'limit_reached'],
  })
  async mute(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { isNew, relation } = await this.mutes.mute(viewer, username);
    reply.status(isNew ? 201 : 200);
    return relation;
  }

  @Delete(':username')
  @HttpCode(204)
  @Verified('write')
  @Limited('block')
  @Documented({ summary: 'Unmute a user', params, answers: { 204: null }, problems })
  unmute(@CurrentUser() viewer: Viewer, @Param({ schema: UsernameParam }) { username }: Address) {
    return this.mutes.unmute(viewer, username);
  }
}

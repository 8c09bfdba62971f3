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
import { BlocksService } from './blocks.service.js';

type Address = z.infer<typeof UsernameParam>;
const params = { username: 'A username' };
const problems = ['user_not_found', 'yourself', 'validation_failed'] as const;

@ApiTags('blocks')
@Controller('blocks')
export class BlocksController {
  constructor(private readonly blocks: BlocksService) {}

  @Get()
  @Verified('read')
  @Documented({
    summary: 'List the users you block',
    answers: { 200: { schema: UserPage, description: 'A page, newest first' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() viewer: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.blocks.list(viewer, query);
  }

  @Post(':username')
  @Verified('write')
  @Limited('block')
  @Documented({
    summary: 'Block a user',
    description:
      'You are hidden from each other, and neither can follow the other: to them, your account does not exist. They are not notified.',
    params,
    answers: {
      201: { schema: Relation, description: 'Blocked' },
      200: { schema: Relation, description: 'They were blocked already' },
    },
    problems: [...problems, 'limit_reached'],
  })
  async block(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { isNew, relation } = await this.blocks.block(viewer, username);
    reply.status(isNew ? 201 : 200);
    return relation;
  }

  @Delete(':username')
  @HttpCode(204)
  @Verified('write')
  @Limited('block')
  @Documented({ summary: 'Unblock a user', params, answers: { 204: null }, problems })
  unblock(@CurrentUser() viewer: Viewer, @Param({ schema: UsernameParam }) { username }: Address) {
    return this.blocks.unblock(viewer, username);
  }
}

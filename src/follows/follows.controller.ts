import { Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { UsernameParam, UserPage } from '../users/users.schemas.js';
import { FollowRequests } from './follow-requests.service.js';
import { FollowsQueries } from './follows.queries.js';
import { FollowAnswer, UnfollowQuery } from './follows.schemas.js';
import { FollowsService } from './follows.service.js';

type Address = z.infer<typeof UsernameParam>;
const params = { username: 'A username' };
const problems = ['user_not_found', 'yourself', 'validation_failed'] as const;
const users = { 200: { schema: UserPage, description: 'A page, newest first' } };

@ApiTags('follows')
@Controller('follows')
export class FollowsController {
  constructor(
    private readonly follows: FollowsService,
    private readonly requests: FollowRequests,
    private readonly queries: FollowsQueries,
  ) {}

  @Get('requests')
  @Verified('read')
  @Documented({ summary: 'List the requests to follow you', answers: users, problems: ['validation_failed'] })
  asking(@CurrentUser() viewer: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.queries.own(viewer, 'requests', query);
  }

  @Get('requested')
  @Verified('read')
  @Documented({ summary: 'List your requests to follow others', answers: users, problems: ['validation_failed'] })
  asked(@CurrentUser() viewer: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.queries.own(viewer, 'requested', query);
  }

  @Post(':username')
  @Verified('write')
  @Limited('follow')
  @Documented({
    summary: 'Follow',
    description: 'A private account gets a request, to accept or decline.',
    params,
    answers: {
      201: { schema: FollowAnswer, description: 'You follow' },
      200: { schema: FollowAnswer, description: 'You followed them already' },
      202: { schema: FollowAnswer, description: 'The account is private; it got your request' },
    },
    problems: [...problems, 'blocked', 'limit_reached'],
  })
  async follow(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { isNew, answer } = await this.follows.follow(viewer, username);
    reply.status(answer.requested ? 202 : isNew ? 201 : 200);
    return answer;
  }

  @Delete(':username')
  @HttpCode(204)
  @Verified('write')
  @Limited('follow')
  @Documented({
    summary: 'Stop following, or withdraw your request',
    description: 'Removes their posts and reposts from your timeline; with `keep=true` those it already has stay.',
    params,
    answers: { 204: null },
    problems: [...problems, 'limit_reached'],
  })
  unfollow(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Query({ schema: UnfollowQuery }) { keep }: z.infer<typeof UnfollowQuery>,
  ) {
    return this.follows.unfollow(viewer, username, keep === 'true');
  }

  @Put('requests/:username')
  @HttpCode(200)
  @Verified('write')
  @Documented({
    summary: 'Accept a request to follow you',
    params,
    answers: { 200: { description: 'They follow you' } },
    problems: [...problems, 'request_not_found'],
  })
  accept(@CurrentUser() viewer: Viewer, @Param({ schema: UsernameParam }) { username }: Address) {
    return this.requests.accept(viewer, username);
  }

  @Delete('requests/:username')
  @HttpCode(204)
  @Verified('write')
  @Documented({
    summary: 'Decline a request to follow you',
    params,
    answers: { 204: null },
    problems: ['validation_failed'],
  })
  decline(@CurrentUser() viewer: Viewer, @Param({ schema: UsernameParam }) { username }: Address) {
    return this.requests.decline(viewer, username);
  }

  @Delete('followers/:username')
  @HttpCode(204)
  @Verified('write')
  @Documented({ summary: 'Remove a follower', params, answers: { 204: null }, problems })
  removeFollower(@CurrentUser() viewer: Viewer, @Param({ schema: UsernameParam }) { username }: Address) {
    return this.follows.removeFollower(viewer, username);
  }
}

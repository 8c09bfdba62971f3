import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { MaybeUser, OptionalUser } from '../platform/http/access.js';
import { PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { UsernameParam, UserPage } from '../users/users.schemas.js';
import { FollowsQueries } from './follows.queries.js';

type Address = z.infer<typeof UsernameParam>;
const documented = {
  params: { username: 'A username, or `me`' },
  answers: { 200: { schema: UserPage, description: 'A page, newest first' } },
  problems: ['user_not_found', 'private_account', 'not_signed_in', 'validation_failed'],
} as const;

@ApiTags('follows')
@Controller('users/:username')
export class FollowersController {
  constructor(private readonly queries: FollowsQueries) {}

  @Get('followers')
  @OptionalUser()
  @Documented({ summary: 'List the followers of a user', ...documented })
  followers(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.queries.ofUser(viewer, username, 'followers', query);
  }

  @Get('followings')
  @OptionalUser()
  @Documented({ summary: 'List the users that a user follows', ...documented })
  followings(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.queries.ofUser(viewer, username, 'followings', query);
  }
}

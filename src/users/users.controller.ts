import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { MaybeUser, OptionalUser } from '../platform/http/access.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Documented } from '../platform/http/route.js';
import { Limited } from '../platform/limits/limited.js';
import { UsersListQueries } from './users-list.queries.js';
import { Profile, TermParam, UserListQuery, UsernameParam, UserPage, UserSearchQuery } from './users.schemas.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly lists: UsersListQueries,
  ) {}

  @Get()
  @OptionalUser()
  @Documented({
    summary: 'List users',
    answers: { 200: { schema: UserPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@MaybeUser() viewer: Viewer | null, @Query({ schema: UserListQuery }) query: UserListQuery) {
    return this.lists.list(viewer?.id ?? null, query);
  }

  @Get('search/:term')
  @OptionalUser()
  @Limited('search')
  @Documented({
    summary: 'Search users',
    description: 'By username and display name, ignoring accents and case; small typing errors are forgiven.',
    params: { term: 'Part of a name; one or two letters match the beginning of a word' },
    answers: { 200: { schema: UserPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  search(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: TermParam }) { term }: z.infer<typeof TermParam>,
    @Query({ schema: UserSearchQuery }) query: UserSearchQuery,
  ) {
    return this.lists.search(viewer?.id ?? null, term, query);
  }

  @Get(':username')
  @OptionalUser()
  @Documented({
    summary: 'Read a profile',
    description: '`me` is the caller, with `email`, `emailVerified`, `role` and `quota` added.',
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

import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { RepeatableDelete } from '../platform/http/repeatable-delete.js';
import { PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { SessionsQueries } from './sessions.queries.js';
import { SessionPage, SessionParam } from './auth.schemas.js';
import { TokensService } from './tokens.service.js';

@ApiTags('accounts')
@Controller('users/me/sessions')
export class SessionsController {
  constructor(
    private readonly queries: SessionsQueries,
    private readonly tokens: TokensService,
  ) {}

  @Get()
  @Verified('account')
  @Documented({
    summary: 'List where you are signed in',
    description: 'The newest sign-in first.',
    answers: { 200: { schema: SessionPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() viewer: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.queries.list(viewer, query);
  }

  @Delete()
  @HttpCode(204)
  @Verified('account')
  @Documented({
    summary: 'Sign out everywhere else',
    description: 'Ends every session but that of this request. With an API key, all of them.',
    answers: { 204: null },
  })
  deleteOthers(@CurrentUser() { id, sessionId }: Viewer) {
    return this.tokens.endAll(id, sessionId);
  }

  @Delete(':id')
  @HttpCode(204)
  @RepeatableDelete()
  @Verified('account')
  @Documented({
    summary: 'End a session',
    description: 'Its tokens stop working at once.',
    params: { id: 'The `id` of the session' },
    answers: { 204: null },
    problems: ['session_not_found', 'validation_failed'],
  })
  delete(@CurrentUser() viewer: Viewer, @Param({ schema: SessionParam }) { id }: z.infer<typeof SessionParam>) {
    return this.tokens.endOwn(viewer.id, id);
  }
}

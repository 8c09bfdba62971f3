import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { IdempotentInService } from '../platform/http/idempotency.js';
import { RepeatableDelete } from '../platform/http/repeatable-delete.js';
import { PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { UsernameParam } from '../users/users.schemas.js';
import { ApiKeysQueries } from './api-keys.queries.js';
import { ApiKeyPage, ApiKeyParam, MintedApiKey, NewApiKeyBody, RenewBody, RenewedApiKey } from './api-keys.schemas.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('accounts')
@Controller('users')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly queries: ApiKeysQueries,
  ) {}

  @Get('me/api-keys')
  @Verified('account')
  @Documented({
    summary: 'List your API keys',
    description: 'Only valid ones, the newest first.',
    answers: { 200: { schema: ApiKeyPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() viewer: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.queries.list(viewer.id, query);
  }

  @Post('me/api-keys')
  @Verified('account')
  @IdempotentInService(201)
  @Documented({
    summary: 'Create an API key',
    description:
      'It may have the caller’s scopes and expiry, or less. Needs `currentPassword`, unless the caller signed in within the last ten minutes. A notice is mailed.',
    answers: { 201: { schema: MintedApiKey, description: 'The key, shown only once' } },
    problems: ['validation_failed', 'wrong_password', 'too_many_keys', 'too_many_requests'],
  })
  mint(@CurrentUser() viewer: Viewer, @Body({ schema: NewApiKeyBody }) body: NewApiKeyBody) {
    return this.keys.mint(viewer, body);
  }

  @Delete('me/api-keys/:id')
  @HttpCode(204)
  @RepeatableDelete()
  @Verified('account')
  @Documented({
    summary: 'Delete an API key',
    description: 'It stops working at once. Keys created with it stay.',
    params: { id: 'The `id` of the key' },
    answers: { 204: null },
    problems: ['api_key_not_found', 'validation_failed'],
  })
  revoke(@CurrentUser() viewer: Viewer, @Param({ schema: ApiKeyParam }) { id }: z.infer<typeof ApiKeyParam>) {
    return this.keys.revoke(viewer.id, id);
  }

  @Put(':username/newApiKey')
  @Verified('account')
  @Documented({
    summary: 'Replace the default API key',
    description: 'The old one stops working at once.',
    params: { username: 'Your username, or `me`' },
    answers: { 200: { schema: RenewedApiKey, description: 'The key, shown only once' } },
    problems: ['wrong_password', 'not_yours', 'user_not_found', 'validation_failed', 'too_many_requests'],
  })
  renew(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: z.infer<typeof UsernameParam>,
    @Body({ schema: RenewBody }) { currentPassword }: z.infer<typeof RenewBody>,
  ) {
    return this.keys.renew(viewer, username, currentPassword);
  }
}

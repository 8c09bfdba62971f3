import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { MediaPage } from '../media/media.schemas.js';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { PageQuery } from '../platform/http/page.js';
import { Limited } from '../platform/limits/limited.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { MentionsQueries } from './mentions.queries.js';

@ApiTags('medias')
@Controller('users/me/mentions')
export class MentionsController {
  constructor(private readonly queries: MentionsQueries) {}

  @Get()
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'List the medias that mention you',
    description: 'The newest mention first.',
    answers: { 200: { schema: MediaPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() viewer: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.queries.list(viewer.id, query);
  }
}

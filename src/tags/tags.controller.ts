import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { MediaPage } from '../media/media.schemas.js';
import { TaggedReader } from '../media/tagged-reader.service.js';
import { MaybeUser, OptionalUser } from '../platform/http/access.js';
import { PageQuery } from '../platform/http/page.js';
import { Limited } from '../platform/limits/limited.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { TagsQueries } from './tags.queries.js';
import { TagParam, TagAnswer } from './tags.schemas.js';

type Address = z.infer<typeof TagParam>;
const params = { name: 'The tag, with or without `#`' };

@ApiTags('tags')
@Controller('tags/:name')
export class TagsController {
  constructor(
    private readonly queries: TagsQueries,
    private readonly tagged: TaggedReader,
  ) {}

  @Get()
  @OptionalUser()
  @Limited('search')
  @Documented({
    summary: 'Read a tag',
    params,
    answers: { 200: { schema: TagAnswer, description: 'The tag' } },
    problems: ['tag_not_found', 'validation_failed'],
  })
  read(@MaybeUser() viewer: Viewer | null, @Param({ schema: TagParam }) { name }: Address) {
    return this.queries.byName(viewer?.id ?? null, name);
  }

  @Get('medias')
  @OptionalUser()
  @Documented({
    summary: 'List the medias of a tag',
    description: 'The newest first.',
    params,
    answers: { 200: { schema: MediaPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  medias(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: TagParam }) { name }: Address,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.tagged.page(viewer?.id ?? null, name, { ...query, type: 'any', sort: 'newest' });
  }
}

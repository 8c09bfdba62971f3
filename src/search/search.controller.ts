import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { MediaPage, MediaSearchQuery } from '../media/media.schemas.js';
import { MaybeUser, OptionalUser } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { SearchPage, SearchParam, SearchQuery } from './search.schemas.js';
import { SearchService } from './search.service.js';

const how =
  `All words must match, the last one as a prefix; accents and case do not matter. If there are few matches, titles
spelled alike are found, too. For very common words, results are the newest matches and some older ones.`.replaceAll(
    '\n',
    ' ',
  );

@ApiTags('search')
@Controller()
export class SearchController {
  constructor(private readonly found: SearchService) {}

  @Get('search')
  @OptionalUser()
  @Limited('search')
  @Documented({
    summary: 'Search medias, users, playlists or tags',
    description: `The best first. ${how}`,
    answers: { 200: { schema: SearchPage, description: 'A page of the requested `type`' } },
    problems: ['validation_failed'],
  })
  things(@MaybeUser() viewer: Viewer | null, @Query({ schema: SearchQuery }) query: SearchQuery) {
    return this.found.things(viewer?.id ?? null, query);
  }

  @Get('medias/search/:term')
  @OptionalUser()
  @Limited('search')
  @Documented({
    summary: 'Search medias',
    description: `By title, description and tag. ${how}`,
    params: { term: 'Words' },
    answers: { 200: { schema: MediaPage, description: 'A page' } },
    problems: ['validation_failed', 'not_signed_in'],
  })
  medias(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: SearchParam }) { term }: z.infer<typeof SearchParam>,
    @Query({ schema: MediaSearchQuery }) query: MediaSearchQuery,
  ) {
    return this.found.medias(viewer?.id ?? null, term, query);
  }
}

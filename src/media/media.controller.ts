import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { CurrentUser, MaybeUser, OptionalUser, Verified } from '../platform/http/access.js';
import { RepeatableDelete } from '../platform/http/repeatable-delete.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { Idempotent } from '../platform/http/idempotency.js';
import { Problem } from '../platform/http/problems.js';
import { Documented } from '../platform/http/route.js';
import { TagName } from '../tags/tags.schemas.js';
import { MediaQueries } from './media.queries.js';
import { EditBody, ListQuery, MediaPage, MediaParam, MediaAnswer, PublishBody } from './media.schemas.js';
import { MediaService } from './media.service.js';

type Address = z.infer<typeof MediaParam>;
const TagParams = MediaParam.extend({ name: TagName });
const params = { url: 'The `url` of the media' };
/** No index has what it asks for in this order. */
const isSearch = ({ sort = 'newest', tag, type }: Partial<ListQuery>) =>
  sort === 'relevance' || ((tag !== undefined || type !== undefined) && sort !== 'newest' && sort !== 'oldest');
const ownerProblems = ['media_not_found', 'not_yours', 'validation_failed'] as const;

@ApiTags('medias')
@Controller('medias')
export class MediaController {
  constructor(
    private readonly medias: MediaService,
    private readonly queries: MediaQueries,
  ) {}

  @Get()
  @OptionalUser()
  @Limited('search', ({ query }) => isSearch(query as Partial<ListQuery>))
  @Documented({
    summary: 'List medias',
    description:
      'What is public, and what those you follow show their followers. `username=me` adds your hidden and unfinished ones. Where many are passed over, because you mute their owners or few have the tag, a page may be short, or empty, and still have a `nextCursor`.',
    answers: { 200: { schema: MediaPage, description: 'A page' } },
    problems: ['validation_failed', 'not_signed_in'],
  })
  list(@MaybeUser() viewer: Viewer | null, @Query({ schema: ListQuery }) query: ListQuery) {
    if (query.username === 'me' && !viewer) throw new Problem('not_signed_in');
    return this.queries.list(viewer?.id ?? null, query);
  }

  @Post()
  @Verified('write')
  @Limited('publish')
  @Idempotent(201)
  @Documented({
    summary: 'Publish',
    description:
      'Files may still be processing: the media is `processing` until they are ready. Others see it once enough of it can be shown.',
    answers: { 201: { schema: MediaAnswer, description: 'The media' } },
    problems: [
      'validation_failed',
      'file_not_found',
      'file_kind_mismatch',
      'file_in_use',
      'file_failed',
      'limit_reached',
    ],
  })
  publish(@CurrentUser() viewer: Viewer, @Body({ schema: PublishBody }) body: PublishBody) {
    return this.medias.publish(viewer.id, body);
  }

  @Get(':url')
  @OptionalUser()
  @Documented({
    summary: 'Read a media',
    params,
    answers: { 200: { schema: MediaAnswer, description: 'The media' } },
    problems: ['media_not_found', 'validation_failed'],
  })
  read(@MaybeUser() viewer: Viewer | null, @Param({ schema: MediaParam }) { url }: Address) {
    return this.medias.read(viewer?.id ?? null, url);
  }

  @Put(':url')
  @Verified('write')
  @Limited('publish')
  @Documented({
    summary: 'Change a media',
    description: 'Only the given fields change.',
    params,
    answers: { 200: { schema: MediaAnswer, description: 'The changed media' } },
    problems: ownerProblems,
  })
  edit(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: MediaParam }) { url }: Address,
    @Body({ schema: EditBody }) body: EditBody,
  ) {
    return this.medias.edit(viewer.id, url, body);
  }

  @Delete(':url')
  @HttpCode(204)
  @RepeatableDelete()
  @Verified('write')
  @Documented({ summary: 'Delete a media and its files', params, answers: { 204: null }, problems: ownerProblems })
  delete(@CurrentUser() viewer: Viewer, @Param({ schema: MediaParam }) { url }: Address) {
    return this.medias.delete(viewer.id, url);
  }

  @Post(':url/tag/:name')
  @Verified('write')
  @Limited('publish')
  @Documented({
    summary: 'Add a tag',
    params: { ...params, name: 'The tag, with or without `#`' },
    answers: { 201: { description: 'Added' }, 200: { description: 'It was there already' } },
    problems: ownerProblems,
  })
  async tag(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: TagParams }) { url, name }: z.infer<typeof TagParams>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    reply.status((await this.medias.tag(viewer.id, url, name)) ? 201 : 200);
  }

  @Delete(':url/tag/:name')
  @HttpCode(204)
  @Verified('write')
  @Documented({
    summary: 'Remove a tag',
    description: 'It stays if the title or the description contains it as a `#hashtag`.',
    params: { ...params, name: 'The tag' },
    answers: { 204: null },
    problems: ownerProblems,
  })
  untag(@CurrentUser() viewer: Viewer, @Param({ schema: TagParams }) { url, name }: z.infer<typeof TagParams>) {
    return this.medias.untag(viewer.id, url, name);
  }
}

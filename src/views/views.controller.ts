import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { MediaParam } from '../media/media.schemas.js';
import { CurrentUser, MaybeUser, OptionalUser, Verified } from '../platform/http/access.js';
import { PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited, networkOf } from '../platform/limits/limited.js';
import { HistoryService } from './history.service.js';
import { Audience, ViewAnswer, ViewBody, WatchedPage } from './views.schemas.js';
import { ViewsService } from './views.service.js';

const params = { url: 'The `url` of the media' };
type Address = z.infer<typeof MediaParam>;

@ApiTags('views')
@Controller()
export class ViewsController {
  constructor(
    private readonly views: ViewsService,
    private readonly history: HistoryService,
  ) {}

  @Post('medias/:url/views')
  @OptionalUser('write')
  @Limited('view')
  @Documented({
    summary: 'Report a view',
    description:
      'Send it when the media is shown, and again while it plays, with the time since the last report. A viewer counts once in half an hour; anonymous viewers are identified by their network address. An API key needs the scope `write`.',
    params,
    answers: {
      201: { schema: ViewAnswer, description: 'It counts' },
      200: { schema: ViewAnswer, description: 'This viewer was counted less than half an hour ago' },
    },
    problems: ['media_not_found', 'validation_failed'],
  })
  async report(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: MediaParam }) { url }: Address,
    @Body({ schema: ViewBody }) { watchedMs }: ViewBody,
    @Req() { ip }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const spectator = viewer ? { userId: viewer.id } : { network: networkOf(ip) };
    const counted = await this.views.report(spectator, url, watchedMs);
    reply.status(counted ? 201 : 200);
    return { counted };
  }

  @Get('medias/:url/views')
  @Verified('read')
  @Documented({
    summary: 'Read how often your media was watched',
    description: 'In total and by day.',
    params,
    answers: { 200: { schema: Audience, description: 'Views and time watched' } },
    problems: ['media_not_found', 'not_yours', 'validation_failed'],
  })
  audience(@CurrentUser() { id }: Viewer, @Param({ schema: MediaParam }) { url }: Address) {
    return this.views.audience(id, url);
  }

  @Get('users/me/history')
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'List what you watched',
    description: 'The latest first, without what you may no longer see.',
    answers: { 200: { schema: WatchedPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() { id }: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.history.list(id, query);
  }

  @Delete('users/me/history')
  @HttpCode(204)
  @Verified('write')
  @Documented({ summary: 'Clear your history', answers: { 204: null } })
  forgetAll(@CurrentUser() { id }: Viewer) {
    return this.history.forget(id);
  }

  @Delete('users/me/history/:url')
  @HttpCode(204)
  @Verified('write')
  @Documented({
    summary: 'Remove a media from your history',
    params,
    answers: { 204: null },
    problems: ['validation_failed'],
  })
  forget(@CurrentUser() { id }: Viewer, @Param({ schema: MediaParam }) { url }: Address) {
    return this.history.forget(id, url);
  }
}

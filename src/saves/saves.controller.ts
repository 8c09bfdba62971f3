import { Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { MediaParam, MediaAnswer } from '../media/media.schemas.js';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { page, PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { SavesService } from './saves.service.js';

const Saved = MediaAnswer.extend({ savedAt: z.iso.datetime() }).meta({ id: 'SavedMedia' });
const SavedPage = page(Saved).meta({ id: 'SavedMediaPage' });
const params = { url: 'The `url` of the media' };
const problems = ['media_not_found', 'validation_failed'] as const;

@ApiTags('saves')
@Controller()
export class SavesController {
  constructor(private readonly saves: SavesService) {}

  @Post('medias/:url/saves')
  @Verified('write')
  @Limited('react')
  @Documented({
    summary: 'Save a media',
    description: 'Visible to you only; others see the number of saves.',
    params,
    answers: { 201: { description: 'Saved' }, 200: { description: 'It was saved already' } },
    problems: [...problems, 'limit_reached'],
  })
  async save(
    @CurrentUser() { id }: Viewer,
    @Param({ schema: MediaParam }) { url }: z.infer<typeof MediaParam>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    reply.status((await this.saves.save(id, url)) ? 201 : 200);
  }

  @Delete('medias/:url/saves')
  @HttpCode(204)
  @Verified('write')
  @Limited('react')
  @Documented({ summary: 'Remove a media from your saved ones', params, answers: { 204: null }, problems })
  unsave(@CurrentUser() { id }: Viewer, @Param({ schema: MediaParam }) { url }: z.infer<typeof MediaParam>) {
    return this.saves.unsave(id, url);
  }

  @Get('users/me/saved')
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'List the medias you saved',
    description: 'The latest first, without those you may no longer see.',
    answers: { 200: { schema: SavedPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() { id }: Viewer, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.saves.list(id, query);
  }
}

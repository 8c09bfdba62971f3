import { Body, Controller, Delete, HttpCode, Param, Put, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Limited } from '../platform/limits/limited.js';
import { Problem } from '../platform/http/problems.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { SubtitlesParam, Track } from './subtitles.schemas.js';
import { SubtitlesService } from './subtitles.service.js';

type Address = z.infer<typeof SubtitlesParam>;
const params = { url: 'The `url` of a video or reel', lang: 'Language tag, as `en` or `pt-BR`' };
const problems = ['media_not_found', 'not_yours', 'file_kind_mismatch', 'validation_failed'] as const;

@ApiTags('medias')
@Controller('medias/:url/subtitles/:lang')
export class SubtitlesController {
  constructor(private readonly subtitles: SubtitlesService) {}

  @Put()
  @Verified('write')
  @Limited('subtitles')
  @ApiConsumes('text/vtt', 'application/x-subrip', 'text/plain')
  @ApiBody({ schema: { type: 'string', example: 'WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello' } })
  @Documented({
    summary: 'Set the subtitles of a language',
    description:
      'SRT or WebVTT, at most 2 MiB, in UTF-8, UTF-16 or Windows-1252. Stored as clean WebVTT, and listed in the master playlist. A media has at most 32 tracks; their bytes count towards your quota.',
    params,
    answers: {
      201: { schema: Track, description: 'Added' },
      200: { schema: Track, description: 'Replaced' },
    },
    problems: [
      ...problems,
      'content_refused',
      'too_large',
      'quota_exceeded',
      'limit_reached',
      'unsupported_media_type',
    ],
  })
  async put(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: SubtitlesParam }) { url, lang }: Address,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!Buffer.isBuffer(body))
      throw new Problem('unsupported_media_type', 'Send the text itself, as text/vtt or application/x-subrip.');
    const { track, created } = await this.subtitles.put(viewer.id, url, lang, body);
    reply.status(created ? 201 : 200);
    return track;
  }

  @Delete()
  @HttpCode(204)
  @Verified('write')
  @Documented({ summary: 'Remove the subtitles of a language', params, answers: { 204: null }, problems })
  delete(@CurrentUser() viewer: Viewer, @Param({ schema: SubtitlesParam }) { url, lang }: Address) {
    return this.subtitles.delete(viewer.id, url, lang);
  }
}

import { Body, Controller, Delete, HttpCode, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { FileParam as MediaParam, PhotoChoice } from '../files/files.schemas.js';
import { MediaAnswer } from '../media/media.schemas.js';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import { Limited } from '../platform/limits/limited.js';
import type { Viewer } from '../platform/http/viewer.js';
import { CoversService } from './covers.service.js';

type Address = z.infer<typeof MediaParam>;
const params = { url: 'The `url` of a video, reel or music' };
const problems = ['media_not_found', 'not_yours', 'file_kind_mismatch', 'validation_failed'] as const;
const ofPhoto = ['file_not_found', 'file_processing', 'file_failed'] as const;

/** Poster or cover: one thing by two names, as clients know them. */
@ApiTags('medias')
@Controller('medias/:url')
export class CoversController {
  constructor(private readonly covers: CoversService) {}

  @Put('cover')
  @Verified('write')
  @Limited('picture')
  @Documented({
    summary: 'Choose the cover of a music',
    description:
      'One of your photos is shown from now on, and is written into the download a moment later. It is copied: the photo can go.',
    params,
    answers: { 200: { schema: MediaAnswer, description: 'As it is now' } },
    problems: [...problems, ...ofPhoto],
  })
  putCover(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: MediaParam }) { url }: Address,
    @Body({ schema: PhotoChoice }) { photo }: PhotoChoice,
  ) {
    return this.covers.put(viewer.id, url, photo);
  }

  @Put('thumbnail')
  @Verified('write')
  @Limited('picture')
  @Documented({
    summary: 'Choose the poster of a video',
    description: 'One of your photos is shown from now on. It is copied: the photo can go.',
    params,
    answers: { 200: { schema: MediaAnswer, description: 'As it is now' } },
    problems: [...problems, ...ofPhoto],
  })
  putThumbnail(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: MediaParam }) { url }: Address,
    @Body({ schema: PhotoChoice }) { photo }: PhotoChoice,
  ) {
    return this.covers.put(viewer.id, url, photo);
  }

  @Delete('cover')
  @HttpCode(204)
  @Verified('write')
  @Limited('picture')
  @Documented({ summary: 'Show the cover that came with the music', params, answers: { 204: null }, problems })
  deleteCover(@CurrentUser() viewer: Viewer, @Param({ schema: MediaParam }) { url }: Address) {
    return this.covers.delete(viewer.id, url);
  }

  @Delete('thumbnail')
  @HttpCode(204)
  @Verified('write')
  @Limited('picture')
  @Documented({ summary: 'Show a picture out of the video', params, answers: { 204: null }, problems })
  deleteThumbnail(@CurrentUser() viewer: Viewer, @Param({ schema: MediaParam }) { url }: Address) {
    return this.covers.delete(viewer.id, url);
  }
}

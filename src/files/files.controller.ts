import { Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { RepeatableDelete } from '../platform/http/repeatable-delete.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Documented } from '../platform/http/route.js';
import { FileParam, FileAnswer } from './files.schemas.js';
import { FilesService } from './files.service.js';

type Address = z.infer<typeof FileParam>;
const params = { url: 'The `url` of the file' };

@ApiTags('files')
@Controller('files/:url')
export class FilesController {
  constructor(private readonly files: FilesService) {}

  @Get()
  @Verified('read')
  @Documented({
    summary: 'State of a file',
    description:
      'Shows its owner how processing goes: `stage` says whether it waits or is being processed, `progress` runs from 0 to 1, ' +
      '`failure` says why it failed.',
    params,
    answers: { 200: { schema: FileAnswer, description: 'The file' } },
    problems: ['file_not_found', 'validation_failed'],
  })
  read(@CurrentUser() viewer: Viewer, @Param({ schema: FileParam }) { url }: Address) {
    return this.files.view(viewer.id, url);
  }

  @Post('retry')
  @HttpCode(202)
  @Verified('write')
  @Documented({
    summary: 'Process a failed file again',
    description: 'At most five times a day; sending the same bytes again counts, too.',
    params,
    answers: { 202: { schema: FileAnswer, description: 'It is `processing` again' } },
    problems: ['file_not_found', 'file_not_failed', 'too_many_requests', 'validation_failed'],
  })
  retry(@CurrentUser() viewer: Viewer, @Param({ schema: FileParam }) { url }: Address) {
    return this.files.retry(viewer.id, url);
  }

  @Delete()
  @HttpCode(204)
  @RepeatableDelete()
  @Verified('write')
  @Documented({
    summary: 'Delete a file',
    description:
      'Row and quota are freed at once, the bytes moments later. A file of a media is deleted with its media.',
    params,
    answers: { 204: null },
    problems: ['file_not_found', 'file_in_use', 'validation_failed'],
  })
  delete(@CurrentUser() viewer: Viewer, @Param({ schema: FileParam }) { url }: Address) {
    return this.files.delete(viewer.id, url);
  }
}

import { applyDecorators, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentUser, Verified } from '../platform/http/access.js';
import type { Viewer } from '../platform/http/viewer.js';
import type { FileKind } from '../files/file.entity.js';
import { UploadedFile } from '../files/files.schemas.js';
import { Problem } from '../platform/http/problems.js';
import { Limited } from '../platform/limits/limited.js';
import { binary, Documented } from '../platform/http/route.js';
import { allowedTitles } from '../processing/run/formats.js';
import { LimitsService } from '../quota/limits.service.js';
import { firstFile } from '../platform/http/first-file.js';
import { LimitsAnswer } from './uploads.schemas.js';
import { UploadsService } from './uploads.service.js';

type UploadedKind = Exclude<FileKind, 'file'>;

const OneFile = (kind: UploadedKind) =>
  applyDecorators(
    ApiConsumes('multipart/form-data'),
    ApiBody({
      schema: {
        type: 'object',
        required: ['file'],
        properties: { file: { ...binary, description: allowedTitles(kind) } },
      },
    }),
  );

const DocumentedUpload = (kind: UploadedKind) =>
  Documented({
    summary: `Upload a ${kind}`,
    description:
      `One file in the form field \`file\`: ${allowedTitles(kind)}. The content decides what it is. The answer comes ` +
      'before any processing: poll `GET files/{url}`, or publish it at once. Sending the same bytes again answers 200 with ' +
      'the existing file.',
    answers: {
      202: { schema: UploadedFile, description: 'Accepted; processing follows' },
      200: { schema: UploadedFile, description: 'You have this file already' },
    },
    problems: [
      'file_missing',
      'too_large',
      'quota_exceeded',
      'too_many_uploads',
      'unsupported_media_type',
      'content_refused',
    ],
  });

@ApiTags('uploads')
@Controller()
export class UploadsController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly limits: LimitsService,
  ) {}

  @Post('photos/upload')
  @Verified('write')
  @Limited('upload')
  @OneFile('photo')
  @DocumentedUpload('photo')
  photo(
    @CurrentUser() viewer: Viewer,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.take('photo', viewer, request, reply);
  }

  @Post('videos/upload')
  @Verified('write')
  @Limited('upload')
  @OneFile('video')
  @DocumentedUpload('video')
  video(
    @CurrentUser() viewer: Viewer,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.take('video', viewer, request, reply);
  }

  @Post('musics/upload')
  @Verified('write')
  @Limited('upload')
  @OneFile('music')
  @DocumentedUpload('music')
  music(
    @CurrentUser() viewer: Viewer,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.take('music', viewer, request, reply);
  }

  @Get('users/me/limits')
  @Verified('read')
  @Documented({
    summary: 'Your limits',
    answers: {
      200: {
        schema: LimitsAnswer,
        description: 'Quota used and allowed, the limits of each kind, and how many of each thing you may have',
      },
    },
  })
  myLimits(@CurrentUser() viewer: Viewer) {
    return this.limits.of(viewer.id);
  }

  private async take(kind: FileKind, viewer: Viewer, request: FastifyRequest, reply: FastifyReply) {
    if (!request.isMultipart())
      throw new Problem('unsupported_media_type', 'Send a form: multipart/form-data with the field `file`.');
    const part = await firstFile(request);
    if (part?.fieldname !== 'file') throw new Problem('file_missing');
    const length = Number(request.headers['content-length']);
    const announced = Number.isSafeInteger(length) ? length : null;
    const { file, created } = await this.uploads.take(viewer.id, {
      kind,
      filename: part.filename,
      stream: part.file,
      announced,
    });
    reply.status(created ? 202 : 200);
    return file;
  }
}

import { Controller, Delete, Head, Options, Patch, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentUser, Public, Verified } from '../platform/http/access.js';
import { IdempotencyKeyHeader } from '../platform/http/idempotency.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { binary, Documented } from '../platform/http/route.js';
import { TusService } from './tus.service.js';

const Resumable = () =>
  ApiHeader({ name: 'Tus-Resumable', required: true, schema: { type: 'string', enum: ['1.0.0'] } });
const params = { id: 'The last part of the `Location` from creation' };

/** Implements https://tus.io/protocols/resumable-upload (1.0), for any client of it. */
@ApiTags('uploads')
@Controller('uploads')
export class TusController {
  constructor(private readonly tus: TusService) {}

  @Options()
  @Public()
  @Documented({
    summary: 'Capabilities of the tus server',
    answers: { 204: { description: 'Versions, extensions and checksums, in headers' } },
  })
  options(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.tus.handle(request, reply);
  }

  @Post()
  @Verified('write')
  @Limited('upload')
  @Resumable()
  @IdempotencyKeyHeader()
  @ApiHeader({ name: 'Upload-Length', required: true, description: 'Bytes', schema: { type: 'integer' } })
  @ApiHeader({
    name: 'Upload-Metadata',
    required: true,
    description: '`filename` and `kind` (photo, video, music, file), values in base64',
    schema: { type: 'string' },
    example: 'filename Y2F0LmpwZw==,kind cGhvdG8=',
  })
  @Documented({
    summary: 'Create a resumable upload',
    description: 'tus 1.0. Charges the quota. The body may hold the first bytes (`application/offset+octet-stream`).',
    answers: {
      201: {
        description: 'Continue at `Location`',
        headers: { Location: 'Address of the upload', 'Upload-Expires': 'Until when it can be resumed' },
      },
    },
    problems: [
      'precondition_failed',
      'too_large',
      'quota_exceeded',
      'too_many_uploads',
      'validation_failed',
      'content_refused',
      'unsupported_media_type',
      'not_supported',
    ],
  })
  create(@CurrentUser() viewer: Viewer, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.tus.handle(request, reply, viewer);
  }

  @Head(':id')
  @Verified('write')
  @Resumable()
  @Documented({
    summary: 'Get the offset to continue at',
    params,
    answers: {
      200: {
        description: 'In headers',
        headers: { 'Upload-Offset': 'Bytes received so far', 'Vitrine-File': '`url` of the file, once complete' },
      },
    },
    problems: ['precondition_failed', 'upload_not_found', 'upload_expired', 'upload_locked'],
  })
  head(@CurrentUser() viewer: Viewer, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.tus.handle(request, reply, viewer);
  }

  @Patch(':id')
  @Verified('write')
  @Resumable()
  @ApiConsumes('application/offset+octet-stream')
  @ApiBody({ schema: binary })
  @ApiHeader({ name: 'Upload-Offset', required: true, schema: { type: 'integer' } })
  @ApiHeader({
    name: 'Upload-Checksum',
    required: false,
    description: '`sha1`, `sha256` or `md5`, a space, the digest in base64',
    schema: { type: 'string' },
  })
  @Documented({
    summary: 'Send bytes',
    params,
    answers: {
      204: {
        description: 'Stored',
        headers: { 'Upload-Offset': 'The next offset', 'Vitrine-File': '`url` of the file, after the last bytes' },
      },
    },
    problems: [
      'precondition_failed',
      'upload_not_found',
      'upload_expired',
      'upload_offset_conflict',
      'upload_locked',
      'upload_checksum_mismatch',
      'too_large',
      'unsupported_media_type',
      'content_refused',
    ],
  })
  patch(@CurrentUser() viewer: Viewer, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.tus.handle(request, reply, viewer);
  }

  @Delete(':id')
  @Verified('write')
  @Resumable()
  @Documented({
    summary: 'Cancel an upload',
    params,
    answers: { 204: { description: 'Its bytes are deleted and its quota refunded' } },
    problems: ['precondition_failed', 'upload_not_found', 'upload_expired', 'upload_finished', 'upload_locked'],
  })
  terminate(@CurrentUser() viewer: Viewer, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.tus.handle(request, reply, viewer);
  }
}

import { Body, Controller, Delete, Get, HttpCode, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { create as contentDisposition } from 'content-disposition';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CurrentUser, Public, SignedIn, Verified } from '../platform/http/access.js';
import { onAnswerEnd } from '../platform/http/answer-end.js';
import { Documented } from '../platform/http/route.js';
import { admitReader } from '../platform/http/slow-readers.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { UsernameParam } from '../users/users.schemas.js';
import { ClosingService } from './closing.service.js';
import { ExportsService } from './exports.service.js';
import { ArchiveQuery, DeleteAccountBody, ExportAnswer } from './personal-data.schemas.js';

@ApiTags('accounts')
@Controller('users')
export class PersonalDataController {
  constructor(
    private readonly closing: ClosingService,
    private readonly exports: ExportsService,
  ) {}

  @Delete(':username')
  @HttpCode(204)
  @SignedIn('account')
  @Documented({
    summary: 'Delete an account',
    description:
      'It is hidden at once; all rows and bytes are deleted within minutes, and a mail confirms it. This cannot be undone: request an export before.',
    params: { username: 'Your own username, or `me`' },
    answers: { 204: null },
    problems: ['wrong_password', 'not_yours', 'user_not_found', 'too_many_requests', 'validation_failed'],
  })
  async delete(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: z.infer<typeof UsernameParam>,
    @Body({ schema: DeleteAccountBody }) { currentPassword }: z.infer<typeof DeleteAccountBody>,
  ): Promise<void> {
    await this.closing.close(viewer, username, currentPassword);
  }

  @Get('me/export')
  @HttpCode(202)
  @Verified('account')
  @Limited('export')
  @Documented({
    summary: 'Export everything',
    description: 'Mails a link to an archive of everything stored about you, including the originals of your files.',
    answers: { 202: { schema: ExportAnswer, description: 'The link is on its way' } },
  })
  export(@CurrentUser() viewer: Viewer) {
    return this.exports.request(viewer);
  }

  @Get('me/export/archive')
  @Public()
  @Limited('archive')
  @Documented({
    summary: 'Download an export',
    description:
      'The mailed link. The archive is generated while it is downloaded, so it has no length and no ranges. One at a time per account; it is cut off if the link is revoked meanwhile, as by a new password.',
    answers: { 200: { description: 'A ZIP', content: 'application/zip' } },
    problems: ['export_expired', 'archive_in_progress', 'too_many_requests', 'validation_failed'],
  })
  async archive(
    @Query({ schema: ArchiveQuery }) { t }: z.infer<typeof ArchiveQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    admitReader(reply);
    const { username, archive } = await this.exports.open(t);
    // One that nobody reads ends, too: the answer to a HEAD, or to a client that left before it began.
    onAnswerEnd(reply, () => archive.destroy());
    void reply.header('content-disposition', contentDisposition(`vitrine-${username}.zip`));
    return new StreamableFile(archive, { type: 'application/zip' });
  }
}

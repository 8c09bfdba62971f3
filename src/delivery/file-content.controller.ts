import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { OptionalUser } from '../platform/http/access.js';
import { send } from '../platform/http/send.js';
import { AskingFor, type Asking } from './asking.js';
import { FileParam, TokenQuery } from './delivery.schemas.js';
import { DeliveryService } from './delivery.service.js';
import { DocumentedBytes } from './documented-bytes.js';

@ApiTags('bytes')
@Controller('files')
export class FileContentController {
  constructor(private readonly delivery: DeliveryService) {}

  @Get(':url/content')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'A file of the kind `file`, as it was sent',
    description: 'For its owner, and for whom a message shows it. Always as a download.',
    content: 'application/octet-stream',
    params: { url: 'The `url` of the file' },
  })
  async content(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'file', url, ['image']);
    // Whatever it is: no browser shows it as a page of ours.
    return send(reply, asking, { ...this.delivery.asSent(file), mimeType: 'application/octet-stream' });
  }
}

import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { OptionalUser } from '../platform/http/access.js';
import { AskingFor, type Asking } from './asking.js';
import { DocumentedBytes } from './documented-bytes.js';
import { FileParam, PhotoQuery } from './delivery.schemas.js';
import { DeliveryService } from './delivery.service.js';
import { send } from './send.js';

@ApiTags('bytes')
@Controller('photos')
export class PhotosController {
  constructor(private readonly delivery: DeliveryService) {}

  @Get(':url')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'A photo in one of its sizes',
    content: 'image/*',
    params: { url: 'The `url` of the photo' },
  })
  async photo(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: PhotoQuery }) query: PhotoQuery,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'photo', url, ['image']);
    const body =
      query.raw === '1' ? this.delivery.source(file, asking) : this.delivery.image(file, 'image', query, asking);
    return send(reply, asking, body);
  }
}

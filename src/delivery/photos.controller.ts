import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Animation } from '../processing/image/animation.js';
import { OptionalUser } from '../platform/http/access.js';
import { AskingFor, type Asking } from './asking.js';
import { DocumentedBytes } from './documented-bytes.js';
import { FileParam, PhotoQuery, TokenQuery } from './delivery.schemas.js';
import { DeliveryService } from './delivery.service.js';
import { send } from '../platform/http/send.js';

const params = { url: 'The `url` of the photo' };

@ApiTags('bytes')
@Controller('photos')
export class PhotosController {
  constructor(private readonly delivery: DeliveryService) {}

  @Get(':url')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'A photo in one of its sizes',
    content: 'image/*',
    params,
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

  @Get(':url/animated.webp')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'An animated photo as WebP',
    description: 'Within 640 × 640 px, with the original loops and timing. Only for an animated GIF or WebP.',
    content: 'image/webp',
    params,
  })
  async animated(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    return this.animation('animated', url, asking, reply);
  }

  @Get(':url/loop.mp4')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'An animated photo as a video without sound',
    description: 'Plays once; the player repeats it. Only for an animated GIF or WebP.',
    content: 'video/mp4',
    params,
  })
  async loop(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    return this.animation('loop', url, asking, reply);
  }

  private async animation(wanted: Animation['name'], url: string, asking: Asking, reply: FastifyReply) {
    const file = await this.delivery.find(asking, 'photo', url, ['animation']);
    const made = this.delivery.made(file, 'animation').find(({ name }) => name === wanted);
    return send(reply, asking, this.delivery.bytes(file, made));
  }
}

import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { OptionalUser } from '../platform/http/access.js';
import type { RenditionRole } from '../files/rendition.entity.js';
import { AskingFor, type Asking } from './asking.js';
import { FileParam, ImageQuery, TokenQuery, Waveform } from './delivery.schemas.js';
import { DeliveryService } from './delivery.service.js';
import { DocumentedBytes } from './documented-bytes.js';
import { HlsPlaylists } from './hls-playlists.service.js';
import { send } from '../platform/http/send.js';

const params = { url: 'The `url` of the music' };

@ApiTags('bytes')
@Controller('musics/:url')
export class MusicsController {
  constructor(
    private readonly delivery: DeliveryService,
    private readonly playlists: HlsPlaylists,
  ) {}

  @Get()
  @OptionalUser()
  @DocumentedBytes({ summary: 'HLS playlist of a music', content: 'application/vnd.apple.mpegurl', params })
  async playlist(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'music', url, ['audio'], { facts: true, segmentsOf: 'audio' });
    return send(reply, asking, this.playlists.music(file, asking));
  }

  @Get('audio.mp4')
  @OptionalUser()
  @DocumentedBytes({ summary: 'The media file of the HLS playlist', content: 'audio/mp4', params })
  stream(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    return this.soleRendition('audio', url, asking, reply);
  }

  @Get('audio.m4a')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'The music as one M4A file',
    description: 'With embedded title, artist, album and cover.',
    content: 'audio/mp4',
    params,
  })
  download(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) { v }: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    return this.soleRendition('download', url, asking, reply, v === undefined);
  }

  @Get('waveform.json')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'The waveform of a music',
    description: 'Peaks in the format of audiowaveform (version 2, 8 bit): 100 points a second, at most 4,000.',
    content: 'application/json',
    schema: Waveform,
    params,
  })
  waveform(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    return this.soleRendition('waveform', url, asking, reply);
  }

  @Get('cover')
  @OptionalUser()
  @DocumentedBytes({ summary: 'The cover of a music', content: 'image/*', params })
  async cover(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: ImageQuery }) query: ImageQuery,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'music', url, ['cover', 'picture']);
    return send(reply, asking, this.delivery.image(file, 'cover', query, asking));
  }

  private async soleRendition(role: RenditionRole, url: string, asking: Asking, reply: FastifyReply, changes = false) {
    const file = await this.delivery.find(asking, 'music', url, [role]);
    return send(reply, asking, this.delivery.bytes(file, this.delivery.made(file, role)[0], { changes }));
  }
}

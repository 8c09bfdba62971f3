import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { OptionalUser } from '../platform/http/access.js';
import { AskingFor, type Asking } from './asking.js';
import {
  FileParam,
  ImageQuery,
  PlaylistParam,
  SheetParam,
  SubtitlesFileParam,
  TokenQuery,
} from './delivery.schemas.js';
import { DeliveryService } from './delivery.service.js';
import { DocumentedBytes } from './documented-bytes.js';
import { HlsPlaylists } from './hls-playlists.service.js';
import { send } from '../platform/http/send.js';

const params = { url: 'The `url` of the video' };
const rung = { ...params, rung: 'A rung of the ladder, as `720p`; `audio` is the sound only' };
const track = { ...params, lang: 'The language' };
const playlist = 'application/vnd.apple.mpegurl';

@ApiTags('bytes')
@Controller('videos/:url')
export class VideosController {
  constructor(
    private readonly delivery: DeliveryService,
    private readonly playlists: HlsPlaylists,
  ) {}

  @Get()
  @OptionalUser()
  @DocumentedBytes({
    summary: 'HLS master playlist',
    description: 'For any HLS player (RFC 8216).',
    content: playlist,
    params,
  })
  async master(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['rung', 'audio', 'subtitles'], { facts: true });
    return send(reply, asking, this.playlists.master(file, asking));
  }

  @Get(':rung.m3u8')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'HLS playlist of one rung',
    description: 'Byte ranges of the rung’s single file.',
    content: playlist,
    params: rung,
  })
  async media(
    @AskingFor() asking: Asking,
    @Param({ schema: PlaylistParam }) { url, rung }: z.infer<typeof PlaylistParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['rung', 'audio'], { facts: true, segmentsOf: rung });
    return send(reply, asking, this.playlists.rung(file, rung, asking));
  }

  @Get('keyframes/:rung.m3u8')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'HLS playlist of the key frames of one rung',
    description: 'For players that show pictures while seeking (`EXT-X-I-FRAMES-ONLY`).',
    content: playlist,
    params: rung,
  })
  async keyFrames(
    @AskingFor() asking: Asking,
    @Param({ schema: PlaylistParam }) { url, rung }: z.infer<typeof PlaylistParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['rung'], { facts: true, segmentsOf: rung });
    return send(reply, asking, this.playlists.keyFrames(file, rung, asking));
  }

  @Get(':rung.mp4')
  @OptionalUser()
  @DocumentedBytes({ summary: 'One rung as a progressive MP4', content: ['video/mp4', 'audio/mp4'], params: rung })
  async progressive(
    @AskingFor() asking: Asking,
    @Param({ schema: PlaylistParam }) { url, rung }: z.infer<typeof PlaylistParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['rung', 'audio']);
    return send(reply, asking, this.delivery.bytes(file, this.playlists.stream(file, rung)));
  }

  @Get('poster')
  @OptionalUser()
  @DocumentedBytes({ summary: 'The poster of a video', content: 'image/*', params })
  async poster(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: ImageQuery }) query: ImageQuery,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['poster', 'picture']);
    return send(reply, asking, this.delivery.image(file, 'poster', query, asking));
  }

  @Get('storyboard.vtt')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'Seek previews of a video',
    description:
      'WebVTT whose cues point into image sheets (`…jpg#xywh=x,y,w,h`), for players that show a preview while seeking.',
    content: 'text/vtt',
    params,
  })
  async storyboard(
    @AskingFor() asking: Asking,
    @Param({ schema: FileParam }) { url }: z.infer<typeof FileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['storyboard'], { facts: true });
    return send(reply, asking, this.playlists.storyboard(file, asking));
  }

  @Get('storyboard/:sheet.jpg')
  @OptionalUser()
  @DocumentedBytes({
    summary: 'One sheet of the storyboard',
    content: 'image/jpeg',
    params: { ...params, sheet: 'Its number' },
  })
  async sheet(
    @AskingFor() asking: Asking,
    @Param({ schema: SheetParam }) { url, sheet }: z.infer<typeof SheetParam>,
    @Query({ schema: TokenQuery }) { v }: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['storyboard']);
    const found = this.delivery.made(file, 'storyboard').find(({ name }) => name === sheet);
    return send(reply, asking, this.delivery.bytes(file, found, { changes: v === undefined }));
  }

  @Get('subtitles/:lang.vtt')
  @OptionalUser()
  @DocumentedBytes({ summary: 'Subtitles of one language', content: 'text/vtt', params: track })
  async subtitles(
    @AskingFor() asking: Asking,
    @Param({ schema: SubtitlesFileParam }) { url, lang }: z.infer<typeof SubtitlesFileParam>,
    @Query({ schema: TokenQuery }) { v }: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['subtitles']);
    const found = file.renditions.find(({ name }) => name === lang);
    return send(reply, asking, this.delivery.bytes(file, found, { changes: v === undefined }));
  }

  @Get('subtitles/:lang.m3u8')
  @OptionalUser()
  @DocumentedBytes({ summary: 'HLS playlist of the subtitles of one language', content: playlist, params: track })
  async subtitlesPlaylist(
    @AskingFor() asking: Asking,
    @Param({ schema: SubtitlesFileParam }) { url, lang }: z.infer<typeof SubtitlesFileParam>,
    @Query({ schema: TokenQuery }) _query: z.infer<typeof TokenQuery>,
    @Res() reply: FastifyReply,
  ) {
    const file = await this.delivery.find(asking, 'video', url, ['subtitles'], { facts: true });
    return send(reply, asking, this.playlists.subtitles(file, lang, asking));
  }
}

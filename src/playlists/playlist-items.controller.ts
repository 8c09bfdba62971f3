import { Body, Controller, Delete, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { PlaylistItems } from './playlist-items.service.js';
import { AddBody, ChangeBody, ItemParam, PlaylistAnswer } from './playlists.schemas.js';

type Address = z.infer<typeof ItemParam>;
const params = { url: 'The `url` of the media', playlistUrl: 'The `url` of one of your playlists' };
const problems = ['media_not_found', 'playlist_not_found', 'not_yours', 'validation_failed'] as const;

@ApiTags('playlists')
@Controller('medias/:url/playlists/:playlistUrl')
export class PlaylistItemsController {
  constructor(private readonly items: PlaylistItems) {}

  @Post()
  @Verified('write')
  @Limited('playlist')
  @Documented({
    summary: 'Add a media to a playlist',
    description: 'Any media that you can see. It goes to the end, or to `position`.',
    params,
    answers: {
      201: { schema: PlaylistAnswer, description: 'Added' },
      200: { schema: PlaylistAnswer, description: 'It was in the playlist already; nothing changed' },
    },
    problems: [...problems, 'playlist_type_mismatch', 'limit_reached'],
  })
  async add(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: ItemParam }) { url, playlistUrl }: Address,
    @Body({ schema: AddBody }) body: AddBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { isNew, playlist } = await this.items.add(viewer.id, url, playlistUrl, body);
    reply.status(isNew ? 201 : 200);
    return playlist;
  }

  @Put()
  @Verified('write')
  @Limited('playlist')
  @Documented({
    summary: 'Change the note or the position of a media in a playlist',
    description: 'Only the given fields change.',
    params,
    answers: { 200: { schema: PlaylistAnswer, description: 'Changed' } },
    problems: [...problems, 'not_in_playlist'],
  })
  change(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: ItemParam }) { url, playlistUrl }: Address,
    @Body({ schema: ChangeBody }) body: ChangeBody,
  ) {
    return this.items.change(viewer.id, url, playlistUrl, body);
  }

  @Delete()
  @HttpCode(204)
  @Verified('write')
  @Limited('playlist')
  @Documented({ summary: 'Remove a media from a playlist', params, answers: { 204: null }, problems })
  remove(@CurrentUser() viewer: Viewer, @Param({ schema: ItemParam }) { url, playlistUrl }: Address) {
    return this.items.remove(viewer.id, url, playlistUrl);
  }
}

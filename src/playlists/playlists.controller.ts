import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, MaybeUser, OptionalUser, Verified } from '../platform/http/access.js';
import { RepeatableDelete } from '../platform/http/repeatable-delete.js';
import { Idempotent } from '../platform/http/idempotency.js';
import { PageQuery } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { TermParam } from '../users/users.schemas.js';
import { PlaylistItems } from './playlist-items.service.js';
import { PlaylistsQueries } from './playlists.queries.js';
import {
  CreateBody,
  EditBody,
  ListQuery,
  OrderBody,
  PlaylistItemPage,
  PlaylistPage,
  PlaylistParam,
  PlaylistAnswer,
  SearchQuery,
} from './playlists.schemas.js';
import { PlaylistsService } from './playlists.service.js';

type Address = z.infer<typeof PlaylistParam>;
const params = { url: 'The `url` of the playlist' };
const ownerProblems = ['playlist_not_found', 'not_yours', 'validation_failed'] as const;
const asItIs = { 200: { schema: PlaylistAnswer, description: 'The changed playlist' } };

@ApiTags('playlists')
@Controller('playlists')
export class PlaylistsController {
  constructor(
    private readonly playlists: PlaylistsService,
    private readonly items: PlaylistItems,
    private readonly queries: PlaylistsQueries,
  ) {}

  @Get()
  @OptionalUser()
  @Documented({
    summary: 'List playlists',
    description:
      'What is public, and what those you follow show their followers. Where you mute the owners of many, a page may be short, or empty, and still have a `nextCursor`.',
    answers: { 200: { schema: PlaylistPage, description: 'A page' } },
    problems: ['validation_failed', 'not_signed_in'],
  })
  list(@MaybeUser() viewer: Viewer | null, @Query({ schema: ListQuery }) query: ListQuery) {
    if (query.username === 'me' && !viewer) throw new Problem('not_signed_in');
    return this.queries.list(viewer?.id ?? null, query);
  }

  @Get('search/:term')
  @OptionalUser()
  @Limited('search')
  @Documented({
    summary: 'Search playlists',
    description: 'By the words of title and description, as in `GET search`.',
    params: { term: 'Words' },
    answers: { 200: { schema: PlaylistPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  search(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: TermParam }) { term }: z.infer<typeof TermParam>,
    @Query({ schema: SearchQuery }) query: SearchQuery,
  ) {
    return this.playlists.search(viewer?.id ?? null, term, query);
  }

  @Post()
  @Verified('write')
  @Limited('playlist')
  @Idempotent(201)
  @Documented({
    summary: 'Create a playlist',
    answers: { 201: { schema: PlaylistAnswer, description: 'The playlist' } },
    problems: ['validation_failed', 'limit_reached'],
  })
  create(@CurrentUser() viewer: Viewer, @Body({ schema: CreateBody }) body: CreateBody) {
    return this.playlists.create(viewer.id, body);
  }

  @Get(':url')
  @OptionalUser()
  @Documented({
    summary: 'Read a playlist',
    params,
    answers: { 200: { schema: PlaylistAnswer, description: 'The playlist' } },
    problems: ['playlist_not_found', 'validation_failed'],
  })
  read(@MaybeUser() viewer: Viewer | null, @Param({ schema: PlaylistParam }) { url }: Address) {
    return this.playlists.read(viewer?.id ?? null, url);
  }

  @Get(':url/medias')
  @OptionalUser()
  @Documented({
    summary: 'List the medias of a playlist',
    description:
      'In order, without those you may not see. Unlisted ones are visible to their owner and the playlist’s owner only.',
    params,
    answers: { 200: { schema: PlaylistItemPage, description: 'A page' } },
    problems: ['playlist_not_found', 'validation_failed'],
  })
  medias(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: PlaylistParam }) { url }: Address,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.playlists.medias(viewer?.id ?? null, url, query);
  }

  @Put(':url')
  @Verified('write')
  @Limited('playlist')
  @Documented({
    summary: 'Change a playlist',
    description: 'Only the given fields change. A new `type` must fit the medias in the playlist.',
    params,
    answers: asItIs,
    problems: [...ownerProblems, 'playlist_type_mismatch'],
  })
  edit(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: PlaylistParam }) { url }: Address,
    @Body({ schema: EditBody }) body: EditBody,
  ) {
    return this.playlists.edit(viewer.id, url, body);
  }

  @Delete(':url')
  @HttpCode(204)
  @RepeatableDelete()
  @Verified('write')
  @Limited('playlist')
  @Documented({
    summary: 'Delete a playlist, but not its medias',
    params,
    answers: { 204: null },
    problems: ownerProblems,
  })
  delete(@CurrentUser() viewer: Viewer, @Param({ schema: PlaylistParam }) { url }: Address) {
    return this.playlists.delete(viewer.id, url);
  }

  @Put(':url/order')
  @Verified('write')
  @Limited('playlist')
  @Documented({
    summary: 'Move a media within a playlist',
    description: 'Directly before or after another one.',
    params,
    answers: asItIs,
    problems: [...ownerProblems, 'not_in_playlist'],
  })
  move(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: PlaylistParam }) { url }: Address,
    @Body({ schema: OrderBody }) body: OrderBody,
  ) {
    return this.items.move(viewer.id, url, body);
  }
}

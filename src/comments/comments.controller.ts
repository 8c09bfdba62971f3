import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, MaybeUser, OptionalUser, Verified } from '../platform/http/access.js';
import { RepeatableDelete } from '../platform/http/repeatable-delete.js';
import { Idempotent } from '../platform/http/idempotency.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { CommentsQueries } from './comments.queries.js';
import {
  CommentPage,
  CommentParam,
  CommentsQuery,
  CommentAnswer,
  EditBody,
  MediaUrlParam,
  RepliesQuery,
  WriteBody,
} from './comments.schemas.js';
import { CommentsService } from './comments.service.js';

type Address = z.infer<typeof CommentParam>;
type MediaAddress = z.infer<typeof MediaUrlParam>;
const params = { url: 'The `url` of the comment' };
const mediaParams = { mediaUrl: 'The `url` of the media' };

@ApiTags('comments')
@Controller('comments')
export class CommentsController {
  constructor(
    private readonly comments: CommentsService,
    private readonly queries: CommentsQueries,
  ) {}

  @Get('medias/:mediaUrl')
  @OptionalUser()
  @Documented({
    summary: 'List the comments of a media',
    description: 'Top-level comments only. The newest first, unless `sort` says otherwise.',
    params: mediaParams,
    answers: { 200: { schema: CommentPage, description: 'A page' } },
    problems: ['media_not_found', 'validation_failed'],
  })
  list(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: MediaUrlParam }) { mediaUrl }: MediaAddress,
    @Query({ schema: CommentsQuery }) query: CommentsQuery,
  ) {
    return this.queries.ofMedia(viewer?.id ?? null, mediaUrl, query);
  }

  @Post('medias/:mediaUrl')
  @Verified('write')
  @Limited('comment')
  @Idempotent(201)
  @Documented({
    summary: 'Comment, or reply to a comment',
    description: '`@name` mentions a user, unless the account is disabled or one of you blocks the other.',
    params: mediaParams,
    answers: { 201: { schema: CommentAnswer, description: 'The comment' } },
    problems: [
      'limit_reached',
      'media_not_found',
      'comment_not_found',
      'validation_failed',
      'file_not_found',
      'file_kind_mismatch',
      'file_in_use',
      'file_failed',
    ],
  })
  write(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: MediaUrlParam }) { mediaUrl }: MediaAddress,
    @Body({ schema: WriteBody }) body: WriteBody,
  ) {
    return this.comments.write(viewer.id, mediaUrl, body);
  }

  @Get(':url')
  @OptionalUser()
  @Documented({
    summary: 'Read a comment',
    params,
    answers: { 200: { schema: CommentAnswer, description: 'The comment' } },
    problems: ['comment_not_found', 'validation_failed'],
  })
  read(@MaybeUser() viewer: Viewer | null, @Param({ schema: CommentParam }) { url }: Address) {
    return this.queries.byUrl(viewer?.id ?? null, url);
  }

  @Get(':url/replies')
  @OptionalUser()
  @Documented({
    summary: 'List the replies to a comment',
    description: 'The oldest first, unless `sort` says otherwise.',
    params,
    answers: { 200: { schema: CommentPage, description: 'A page' } },
    problems: ['comment_not_found', 'validation_failed'],
  })
  replies(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: CommentParam }) { url }: Address,
    @Query({ schema: RepliesQuery }) query: CommentsQuery,
  ) {
    return this.queries.replies(viewer?.id ?? null, url, query);
  }

  @Put(':url')
  @Verified('write')
  @Limited('comment')
  @Documented({
    summary: 'Change a comment',
    params,
    answers: { 200: { schema: CommentAnswer, description: 'The changed comment' } },
    problems: ['comment_not_found', 'not_yours', 'validation_failed'],
  })
  edit(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: CommentParam }) { url }: Address,
    @Body({ schema: EditBody }) { text }: z.infer<typeof EditBody>,
  ) {
    return this.comments.edit(viewer.id, url, text);
  }

  @Delete(':url')
  @HttpCode(204)
  @RepeatableDelete()
  @Verified('write')
  @Documented({
    summary: 'Delete a comment',
    description:
      'By its author, or by the owner of the media. A comment with replies stays without its text until the last reply is deleted.',
    params,
    answers: { 204: null },
    problems: ['comment_not_found', 'not_yours', 'validation_failed'],
  })
  delete(@CurrentUser() viewer: Viewer, @Param({ schema: CommentParam }) { url }: Address) {
    return this.comments.delete(viewer.id, url);
  }
}

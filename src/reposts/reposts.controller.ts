import { Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { MediaParam, MediaAnswer } from '../media/media.schemas.js';
import { CurrentUser, MaybeUser, OptionalUser, Verified } from '../platform/http/access.js';
import { page, PageQuery } from '../platform/http/page.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { Owner, UsernameParam } from '../users/users.schemas.js';
import { RepostsService } from './reposts.service.js';

const Reposter = z.object({ user: Owner, createdAt: z.iso.datetime() }).meta({ id: 'Reposter' });
const ReposterPage = page(Reposter).meta({ id: 'ReposterPage' });
const Reposted = MediaAnswer.extend({ repostedAt: z.iso.datetime() }).meta({ id: 'RepostedMedia' });
const RepostedPage = page(Reposted).meta({ id: 'RepostedMediaPage' });
const params = { url: 'The `url` of the media' };
const problems = ['media_not_found', 'validation_failed'] as const;
type Address = z.infer<typeof MediaParam>;

@ApiTags('reposts')
@Controller()
export class RepostsController {
  constructor(private readonly reposts: RepostsService) {}

  @Post('medias/:url/reposts')
  @Verified('write')
  @Limited('react')
  @Documented({
    summary: 'Repost a media',
    description: 'It appears on your profile, to those who may see the media.',
    params,
    answers: { 201: { description: 'Reposted' }, 200: { description: 'It was reposted already' } },
    problems: [...problems, 'limit_reached'],
  })
  async repost(
    @CurrentUser() { id }: Viewer,
    @Param({ schema: MediaParam }) { url }: Address,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    reply.status((await this.reposts.repost(id, url)) ? 201 : 200);
  }

  @Delete('medias/:url/reposts')
  @HttpCode(204)
  @Verified('write')
  @Limited('react')
  @Documented({ summary: 'Withdraw a repost', params, answers: { 204: null }, problems })
  withdraw(@CurrentUser() { id }: Viewer, @Param({ schema: MediaParam }) { url }: Address) {
    return this.reposts.withdraw(id, url);
  }

  @Get('medias/:url/reposts')
  @OptionalUser()
  @Documented({
    summary: 'List who reposted a media',
    description: 'The latest first.',
    params,
    answers: { 200: { schema: ReposterPage, description: 'A page' } },
    problems,
  })
  reposters(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: MediaParam }) { url }: Address,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.reposts.reposters(viewer?.id ?? null, url, query);
  }

  @Get('users/:username/reposts')
  @OptionalUser()
  @Limited('feed')
  @Documented({
    summary: 'List the medias that a user reposted',
    description: 'The latest first. Those of a private account are visible to its followers only.',
    params: { username: 'A username, or `me`' },
    answers: { 200: { schema: RepostedPage, description: 'A page' } },
    problems: ['user_not_found', 'private_account', 'not_signed_in', 'validation_failed'],
  })
  ofUser(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: UsernameParam }) { username }: z.infer<typeof UsernameParam>,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.reposts.ofUser(viewer?.id ?? null, username, query);
  }
}

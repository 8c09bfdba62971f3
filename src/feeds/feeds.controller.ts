import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, MaybeUser, OptionalUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { UsernameParam } from '../users/users.schemas.js';
import { FeedGroupPage, FeedPage, FeedQuery } from './feeds.schemas.js';
import { FeedsQueries } from './feeds.queries.js';
import { GroupsQueries } from './groups.queries.js';

const since = '`since` answers all newer items; remove the one you have of the same media.';
const answers = { 200: { schema: FeedPage, description: 'A page' } };

@ApiTags('feeds')
@Controller('feeds')
export class FeedsController {
  constructor(
    private readonly feeds: FeedsQueries,
    private readonly groups: GroupsQueries,
  ) {}

  @Get('global')
  @OptionalUser()
  @Limited('feed')
  @Documented({
    summary: 'Read what everybody publishes',
    description: `The latest first. ${since} Where you mute the owners of much, a page may be short, or empty, and still have a \`nextCursor\`.`,
    answers,
    problems: ['validation_failed'],
  })
  global(@MaybeUser() viewer: Viewer | null, @Query({ schema: FeedQuery }) query: FeedQuery) {
    return this.feeds.global(viewer?.id ?? null, query);
  }

  @Get('user/:username')
  @OptionalUser()
  @Limited('feed')
  @Documented({
    summary: 'Read what a user publishes and reposts',
    description: `The latest first. Of a private account only its followers see it. ${since}`,
    params: { username: 'A username, or `me`' },
    answers,
    problems: ['user_not_found', 'private_account', 'not_signed_in', 'validation_failed'],
  })
  ofUser(
    @MaybeUser() viewer: Viewer | null,
    @Param({ schema: UsernameParam }) { username }: z.infer<typeof UsernameParam>,
    @Query({ schema: FeedQuery }) query: FeedQuery,
  ) {
    return this.feeds.ofUser(viewer, username, query);
  }

  @Get('timeline')
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'Read your timeline',
    description: `The posts and reposts of the users you follow, the latest first: the last fifty from before you followed them, and all later ones. A media appears once, at its latest repost. ${since}`,
    answers,
    problems: ['validation_failed'],
  })
  timeline(@CurrentUser() { id }: Viewer, @Query({ schema: FeedQuery }) query: FeedQuery) {
    return this.feeds.timeline(id, query);
  }

  @Get('timeline-aggregated')
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'Read your timeline, grouped',
    description: `One item per user, verb and day (UTC), with its latest medias. A group that grows moves to the top. \`since\` answers all groups that are new or have grown; remove the one you have of the same user, verb and day. A page may be short, and still have a \`nextCursor\`.`,
    answers: { 200: { schema: FeedGroupPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  grouped(@CurrentUser() { id }: Viewer, @Query({ schema: FeedQuery }) query: FeedQuery) {
    return this.groups.timeline(id, query);
  }
}

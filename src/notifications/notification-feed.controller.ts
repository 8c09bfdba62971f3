import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import { SinceQuery } from '../platform/http/page.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { NotificationsQueries } from './notifications.queries.js';
import { NotificationPage } from './notifications.schemas.js';

@ApiTags('feeds')
@Controller('feeds/notifications')
export class NotificationFeedController {
  constructor(private readonly queries: NotificationsQueries) {}

  @Get()
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'Read your notifications, grouped',
    description:
      'The latest first. Everybody who liked a media is in one item, whenever that was and whether you have read it; so is everybody who reacted, or reposted it, and all new followers are in one. A group that grows comes to the top. `since` answers the groups that are new or have grown; remove the ones you have of the same kind and media. Where many are hidden from you a page may be short, or empty, and still have a `nextCursor`.',
    answers: { 200: { schema: NotificationPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  feed(@CurrentUser() { id }: Viewer, @Query({ schema: SinceQuery }) query: SinceQuery) {
    return this.queries.grouped(id, query);
  }
}

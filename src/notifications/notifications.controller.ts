import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { NotificationsQueries } from './notifications.queries.js';
import {
  NotificationPage,
  NotificationParam,
  NotificationsQuery,
  Preferences,
  PreferencesBody,
  ReadBody,
  UnreadCount,
} from './notifications.schemas.js';
import { NotificationsService } from './notifications.service.js';
import { PreferencesService } from './preferences.service.js';

const params = { id: 'The `id` of the notification' };
type Id = z.infer<typeof NotificationParam>;

@ApiTags('notifications')
@Controller('notifications')
export class NotificationsController {
  constructor(
    private readonly notifications: NotificationsService,
    private readonly queries: NotificationsQueries,
    private readonly preferences: PreferencesService,
  ) {}

  @Get()
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'List your notifications',
    description:
      'The latest activity first: an item that grows moves to the top. `since` answers what is new or has grown, without gaps; replace items you have of the same `id`. Likes, reactions and reposts of one media are one item, as are new followers; an item that is read, or older than its day, does not grow any more. Where many are hidden from you a page may be short, or empty, and still have a `nextCursor`.',
    answers: { 200: { schema: NotificationPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() { id }: Viewer, @Query({ schema: NotificationsQuery }) query: NotificationsQuery) {
    return this.queries.list(id, query);
  }

  @Get('unread-count')
  @Verified('read')
  @Limited('unread-count')
  @Documented({
    summary: 'Count unread notifications',
    description:
      'As many as `GET notifications?filter=unread` lists, of the latest 1,000: those that are hidden from you by now are not counted. 100 means 100 or more. Live events tell it, too.',
    answers: { 200: { schema: UnreadCount, description: 'The number' } },
  })
  async count(@CurrentUser() { id }: Viewer) {
    return { count: await this.queries.unread(id) };
  }

  @Put('read')
  @HttpCode(204)
  @Verified('write')
  @Documented({
    summary: 'Mark all up to one as read',
    answers: { 204: null },
    problems: ['validation_failed'],
  })
  readUpTo(@CurrentUser() { id }: Viewer, @Body({ schema: ReadBody }) { upTo }: z.infer<typeof ReadBody>) {
    return this.notifications.markReadUpTo(id, upTo);
  }

  @Get('preferences')
  @Verified('read')
  @Documented({
    summary: 'Read your notification preferences',
    answers: { 200: { schema: Preferences, description: 'Every kind' } },
  })
  readPreferences(@CurrentUser() { id }: Viewer) {
    return this.preferences.read(id);
  }

  @Put('preferences')
  @Verified('write')
  @Documented({
    summary: 'Change your notification preferences',
    description:
      'Only the given fields change. Mails are combined into one, after a few minutes of quiet; pushes go to the browsers of `POST push/subscriptions`.',
    answers: { 200: { schema: Preferences, description: 'Every kind, with its present channels' } },
    problems: ['validation_failed'],
  })
  changePreferences(@CurrentUser() { id }: Viewer, @Body({ schema: PreferencesBody }) body: PreferencesBody) {
    return this.preferences.change(id, body);
  }

  @Put(':id/read')
  @HttpCode(204)
  @Verified('write')
  @Documented({
    summary: 'Mark one as read',
    params,
    answers: { 204: null },
    problems: ['notification_not_found', 'validation_failed'],
  })
  read(@CurrentUser() viewer: Viewer, @Param({ schema: NotificationParam }) { id }: Id) {
    return this.notifications.markRead(viewer.id, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @Verified('write')
  @Documented({ summary: 'Remove one from the list', params, answers: { 204: null }, problems: ['validation_failed'] })
  dismiss(@CurrentUser() viewer: Viewer, @Param({ schema: NotificationParam }) { id }: Id) {
    return this.notifications.dismiss(viewer.id, id);
  }
}

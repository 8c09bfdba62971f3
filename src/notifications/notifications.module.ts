import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { ForegroundUsersModule } from '../presence/presence.module.js';
import { PushWorkerModule } from '../push/push.module.js';
import { MailModule } from '../platform/mail/mail.module.js';
import { AnnouncingService } from './announcing.service.js';
import { DigestsJobs } from './digests.jobs.js';
import { NotificationFeedController } from './notification-feed.controller.js';
import { NotificationsController } from './notifications.controller.js';
import { NotificationPushJobs } from './notification-push.jobs.js';
import { NotificationsJobs } from './notifications.jobs.js';
import { NotificationView } from './notification-view.js';
import { NotificationsLive } from './notifications.live.js';
import { NotificationsQueries } from './notifications.queries.js';
import { NotificationsService } from './notifications.service.js';
import { PreferencesService } from './preferences.service.js';
import { NotificationSync } from './notification-sync.service.js';
import { WithdrawingService } from './withdrawing.service.js';
import { UnsubscribeController } from './unsubscribe.controller.js';

@Module({
  imports: [FilesModule],
  controllers: [UnsubscribeController, NotificationsController, NotificationFeedController],
  providers: [NotificationsService, NotificationsQueries, NotificationView, NotificationsLive, PreferencesService],
})
export class NotificationsModule {}

/** In workers: from events to notifications, and from those to mails and pushes. */
@Module({
  imports: [MailModule, FilesModule, PushWorkerModule, ForegroundUsersModule],
  providers: [
    NotificationsJobs,
    NotificationSync,
    WithdrawingService,
    AnnouncingService,
    DigestsJobs,
    NotificationPushJobs,
    NotificationView,
    PreferencesService,
  ],
})
export class NotificationsWorkerModule {}

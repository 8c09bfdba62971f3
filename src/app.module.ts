import { Module, type DynamicModule } from '@nestjs/common';
import { AccountsCareModule, AccountsModule, AccountsWorkerModule } from './accounts/accounts.module.js';
import { AuthModule } from './auth/auth.module.js';
import { AvatarsCareModule, AvatarsModule, AvatarsWorkerModule } from './avatars/avatars.module.js';
import { BlocksModule } from './blocks/blocks.module.js';
import { CommentsModule } from './comments/comments.module.js';
import { CountersCareModule, CountersWorkerModule, MovedCountsModule } from './counters/counters.module.js';
import { CoversModule, CoversWorkerModule } from './covers/covers.module.js';
import { DeliveryModule } from './delivery/delivery.module.js';
import { entities } from './entities.js';
import { FeedsModule, FeedsWorkerModule } from './feeds/feeds.module.js';
import { FilesCareModule, FilesModule, FilesWorkerModule } from './files/files.module.js';
import { FollowsModule } from './follows/follows.module.js';
import { LiveMediasModule, LiveMediasWorkerModule } from './live-medias/live-medias.module.js';
import { MediaModule, MediaWorkerModule } from './media/media.module.js';
import { MessagesModule, MessagesWorkerModule } from './messages/messages.module.js';
import { NotificationsModule, NotificationsWorkerModule } from './notifications/notifications.module.js';
import { MentionsModule } from './mentions/mentions.module.js';
import { PersonalDataModule, PersonalDataWorkerModule } from './personal-data/personal-data.module.js';
import { IdempotencyModule } from './platform/http/idempotency.js';
import { BusModule } from './platform/bus/bus.module.js';
import { ConfigModule } from './platform/config/config.module.js';
import type { Config } from './platform/config/env.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { DocsController } from './platform/docs/docs.controller.js';
import { ExpiryModule } from './platform/database/expiry.module.js';
import { EventDeliveryModule, EventsModule } from './platform/events/events.module.js';
import { HealthModule, HealthWorkerModule } from './platform/observability/health.module.js';
import { LoggingModule } from './platform/observability/logging.module.js';
import type { QueueName } from './platform/queue/definition.js';
import { LimitsModule } from './platform/limits/limited.js';
import { QueueModule } from './platform/queue/queue.module.js';
import { RealtimeModule } from './platform/realtime/realtime.module.js';
import { StorageModule } from './platform/storage/storage.module.js';
import { PlaylistsModule } from './playlists/playlists.module.js';
import { PresenceModule } from './presence/presence.module.js';
import { ProfilePhotosModule, ProfilePhotosWorkerModule } from './profile-photos/profile-photos.module.js';
import { PushModule } from './push/push.module.js';
import { ReactionsModule } from './reactions/reactions.module.js';
import { RepostsModule } from './reposts/reposts.module.js';
import { SavesModule } from './saves/saves.module.js';
import { SearchModule } from './search/search.module.js';
import { SocketsModule } from './sockets/sockets.module.js';
import { SubtitlesModule } from './subtitles/subtitles.module.js';
import { TagsModule, TagsWorkerModule } from './tags/tags.module.js';
import { UploadsModule, UploadsWorkerModule } from './uploads/uploads.module.js';
import { UsersModule } from './users/users.module.js';
import { ViewsModule, ViewsWorkerModule } from './views/views.module.js';

const platform = [
  ConfigModule,
  LoggingModule,
  DatabaseModule.with(entities),
  StorageModule,
  BusModule,
  EventsModule,
  RealtimeModule,
  MovedCountsModule,
  // For workers, too: some import modules with controllers.
  IdempotencyModule,
];

/** Answers requests. It has no queue: work for later is an event in the same transaction. */
@Module({
  imports: [
    ...platform,
    HealthModule,
    LimitsModule,
    AccountsModule,
    AuthModule,
    UsersModule,
    FollowsModule,
    BlocksModule,
    ProfilePhotosModule,
    AvatarsModule,
    FilesModule,
    UploadsModule,
    MediaModule,
    MentionsModule,
    TagsModule,
    SearchModule,
    CommentsModule,
    CoversModule,
    SubtitlesModule,
    PlaylistsModule,
    DeliveryModule,
    ReactionsModule,
    RepostsModule,
    FeedsModule,
    SavesModule,
    ViewsModule,
    NotificationsModule,
    MessagesModule,
    PushModule,
    PersonalDataModule,
    SocketsModule,
    LiveMediasModule,
    PresenceModule,
  ],
  controllers: [DocsController],
})
export class ApiModule {}

/** What the operator's commands need. */
@Module({ imports: [...platform, FilesCareModule, CountersCareModule, AccountsCareModule, AvatarsCareModule] })
export class CliModule {}

/** Runs the jobs of the named queues, and turns events into jobs. */
@Module({})
export class WorkerModule {
  static for(queues: readonly QueueName[], config: Config): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ...platform,
        LimitsModule,
        QueueModule.working(queues, config),
        EventDeliveryModule.with({ relay: queues.includes('social') }),
        HealthWorkerModule,
        ExpiryModule,
        AccountsWorkerModule,
        FilesWorkerModule,
        UploadsWorkerModule,
        MediaWorkerModule,
        CoversWorkerModule,
        ProfilePhotosWorkerModule,
        AvatarsWorkerModule,
        TagsWorkerModule,
        ViewsWorkerModule,
        NotificationsWorkerModule,
        MessagesWorkerModule,
        FeedsWorkerModule,
        PersonalDataWorkerModule,
        CountersWorkerModule,
        LiveMediasWorkerModule,
      ],
    };
  }
}

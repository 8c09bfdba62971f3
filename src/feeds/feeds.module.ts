import { Module } from '@nestjs/common';
import { MediaModule } from '../media/media.module.js';
import { UsersModule } from '../users/users.module.js';
import { BuildingService } from './building.service.js';
import { FeedSignals } from './feed-signals.service.js';
import { FeedsController } from './feeds.controller.js';
import { FeedsJobs } from './feeds.jobs.js';
import { FeedsQueries } from './feeds.queries.js';
import { GroupsQueries } from './groups.queries.js';
import { KeepingService } from './keeping.service.js';
import { Readers } from './readers.js';
import { SweepingService } from './sweeping.service.js';
import { TimelineService } from './timeline.service.js';
import { WritingService } from './writing.service.js';

@Module({
  imports: [MediaModule, UsersModule],
  controllers: [FeedsController],
  providers: [FeedsQueries, GroupsQueries, TimelineService, Readers],
})
export class FeedsModule {}

/** What follows know of feeds. */
@Module({ providers: [KeepingService], exports: [KeepingService] })
export class KeepingModule {}

/** In workers: timelines are written in advance. */
@Module({ providers: [FeedsJobs, FeedSignals, WritingService, BuildingService, SweepingService] })
export class FeedsWorkerModule {}

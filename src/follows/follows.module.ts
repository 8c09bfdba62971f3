import { Module } from '@nestjs/common';
import { KeepingModule } from '../feeds/feeds.module.js';
import { UsersModule } from '../users/users.module.js';
import { FollowRequests } from './follow-requests.service.js';
import { FollowersController } from './followers.controller.js';
import { FollowsController } from './follows.controller.js';
import { FollowsQueries } from './follows.queries.js';
import { FollowsService } from './follows.service.js';

@Module({
  imports: [UsersModule, KeepingModule],
  controllers: [FollowsController, FollowersController],
  providers: [FollowsService, FollowRequests, FollowsQueries],
  exports: [FollowRequests],
})
export class FollowsModule {}

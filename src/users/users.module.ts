import { Module } from '@nestjs/common';
import { QuotaModule } from '../quota/quota.module.js';
import { ProfileReader } from './profile-reader.service.js';
import { UserPairs } from './user-pairs.service.js';
import { UsersController } from './users.controller.js';
import { UsersListQueries } from './users-list.queries.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [QuotaModule],
  controllers: [UsersController],
  providers: [UsersService, ProfileReader, UserPairs, UsersListQueries],
  exports: [UsersService, ProfileReader, UserPairs],
})
export class UsersModule {}

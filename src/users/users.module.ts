import { Module } from '@nestjs/common';
import { QuotaModule } from '../quota/quota.module.js';
import { UsersController } from './users.controller.js';
import { UsersListQueries } from './users-list.queries.js';
import { UsersQueries } from './users.queries.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [QuotaModule],
  controllers: [UsersController],
  providers: [UsersService, UsersQueries, UsersListQueries],
  exports: [UsersService],
})
export class UsersModule {}

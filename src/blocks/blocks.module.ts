import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { BlocksController } from './blocks.controller.js';
import { BlocksService } from './blocks.service.js';
import { MutesController } from './mutes.controller.js';
import { MutesService } from './mutes.service.js';

@Module({
  imports: [UsersModule],
  controllers: [BlocksController, MutesController],
  providers: [BlocksService, MutesService],
})
export class BlocksModule {}

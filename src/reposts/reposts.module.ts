import { Module } from '@nestjs/common';
import { MediaModule } from '../media/media.module.js';
import { UsersModule } from '../users/users.module.js';
import { RepostsController } from './reposts.controller.js';
import { RepostsService } from './reposts.service.js';

@Module({ imports: [MediaModule, UsersModule], controllers: [RepostsController], providers: [RepostsService] })
export class RepostsModule {}

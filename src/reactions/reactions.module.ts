import { Module } from '@nestjs/common';
import { CommentReactionsController, MediaReactionsController } from './reactions.controller.js';
import { ReactedController } from './reacted.controller.js';
import { MediaModule } from '../media/media.module.js';
import { ReactionsService } from './reactions.service.js';

@Module({
  imports: [MediaModule],
  controllers: [MediaReactionsController, CommentReactionsController, ReactedController],
  providers: [ReactionsService],
})
export class ReactionsModule {}

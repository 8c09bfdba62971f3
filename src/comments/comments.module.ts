import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { MediaModule } from '../media/media.module.js';
import { MentioningModule } from '../mentions/mentioning.module.js';
import { CommentsController } from './comments.controller.js';
import { CommentsQueries } from './comments.queries.js';
import { CommentsService } from './comments.service.js';

@Module({
  imports: [MediaModule, MentioningModule, FilesModule],
  controllers: [CommentsController],
  providers: [CommentsService, CommentsQueries],
})
export class CommentsModule {}

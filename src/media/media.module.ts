import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { MentioningModule } from '../mentions/mentioning.module.js';
import { TaggingModule } from '../tags/tagging.module.js';
import { FileAnswers } from './file-answers.service.js';
import { MediaAccess } from './media-access.service.js';
import { MediaReader } from './media-reader.service.js';
import { MediaController } from './media.controller.js';
import { MediaJobs } from './media.jobs.js';
import { MediaQueries } from './media.queries.js';
import { TaggedReader } from './tagged-reader.service.js';
import { MediaService } from './media.service.js';
import { MediaSearch } from './media-search.service.js';
import { MediaStatus } from './media.status.js';
import { MediaViews } from './media.answer.js';

@Module({
  imports: [FilesModule, MentioningModule, TaggingModule],
  controllers: [MediaController],
  providers: [
    MediaService,
    MediaAccess,
    MediaReader,
    MediaQueries,
    MediaSearch,
    TaggedReader,
    MediaViews,
    MediaStatus,
    FileAnswers,
  ],
  exports: [MediaService, MediaAccess, MediaReader, MediaSearch, TaggedReader, FileAnswers],
})
export class MediaModule {}

/** In workers: updates medias when their files change. */
@Module({ providers: [MediaJobs, MediaStatus] })
export class MediaWorkerModule {}

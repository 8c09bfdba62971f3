import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { SignedHrefs } from '../files/signed-hrefs.service.js';
import { MentionsService } from '../mentions/mentions.service.js';
import { TagsService } from '../tags/tags.service.js';
import { FileViews } from './file-views.service.js';
import { MediaAccess } from './media-access.service.js';
import { MediaReader } from './media-reader.service.js';
import { MediaController } from './media.controller.js';
import { MediaJobs } from './media.jobs.js';
import { MediaQueries } from './media.queries.js';
import { TaggedReader } from './tagged-reader.service.js';
import { MediaService } from './media.service.js';
import { MediaSearch } from './media-search.service.js';
import { MediaStatus } from './media.status.js';
import { MediaViews } from './media.view.js';

@Module({
  imports: [FilesModule],
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
    FileViews,
    MentionsService,
    TagsService,
    SignedHrefs,
  ],
  exports: [MediaService, MediaAccess, MediaReader, MediaSearch, TaggedReader, FileViews, MentionsService],
})
export class MediaModule {}

/** In workers: medias follow their files. */
@Module({ providers: [MediaJobs, MediaStatus] })
export class MediaWorkerModule {}

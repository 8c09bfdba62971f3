import { Module } from '@nestjs/common';
import { FilesController } from './files.controller.js';
import { FilesJobs } from './files.jobs.js';
import { FilesService } from './files.service.js';
import { IntegrityService } from './integrity.service.js';
import { ProcessingService } from './processing.service.js';
import { ReprocessService } from './reprocess.service.js';
import { SignedHrefs } from './signed-hrefs.service.js';
import { ToolsModule } from './tools.service.js';

@Module({
  controllers: [FilesController],
  providers: [FilesService, SignedHrefs],
  exports: [FilesService, SignedHrefs],
})
export class FilesModule {}

/** In workers: processing, and the bytes of what was deleted. */
@Module({ imports: [FilesModule, ToolsModule], providers: [FilesJobs, ProcessingService] })
export class FilesWorkerModule {}

/** For operators: what is stored, and what is to be made anew. */
@Module({ providers: [IntegrityService, ReprocessService], exports: [IntegrityService, ReprocessService] })
export class FilesCareModule {}

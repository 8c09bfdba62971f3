import { Module } from '@nestjs/common';
import { FilesController } from './files.controller.js';
import { FilesJobs } from './files.jobs.js';
import { FilesLive } from './files.live.js';
import { FilesService } from './files.service.js';
import { IntegrityService } from './integrity.service.js';
import { ProcessingService } from './processing.service.js';
import { ReprocessService } from './reprocess.service.js';
import { SignedHrefs } from './signed-hrefs.service.js';
import { ToolsModule } from './tools.service.js';

@Module({
  controllers: [FilesController],
  providers: [FilesService, SignedHrefs, FilesLive],
  exports: [FilesService, SignedHrefs],
})
export class FilesModule {}

/** In workers: processing, and deletion of bytes. */
@Module({ imports: [FilesModule, ToolsModule], providers: [FilesJobs, ProcessingService] })
export class FilesWorkerModule {}

/** For operators: integrity checks and reprocessing. */
@Module({ providers: [IntegrityService, ReprocessService], exports: [IntegrityService, ReprocessService] })
export class FilesCareModule {}

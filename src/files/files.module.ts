import { Module } from '@nestjs/common';
import { FilesController } from './files.controller.js';
import { FilesJobs } from './files.jobs.js';
import { FilesService } from './files.service.js';
import { ProcessingService } from './processing.service.js';
import { ToolsModule } from './tools.service.js';

@Module({ controllers: [FilesController], providers: [FilesService], exports: [FilesService] })
export class FilesModule {}

/** In workers: processing, and the bytes of what was deleted. */
@Module({ imports: [ToolsModule], providers: [FilesJobs, FilesService, ProcessingService] })
export class FilesWorkerModule {}

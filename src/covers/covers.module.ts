import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { ToolsModule } from '../files/tools.service.js';
import { MediaModule } from '../media/media.module.js';
import { CoversController } from './covers.controller.js';
import { CoversJobs } from './covers.jobs.js';
import { CoversService } from './covers.service.js';
import { EmbeddingService } from './embedding.service.js';

@Module({ imports: [FilesModule, MediaModule], controllers: [CoversController], providers: [CoversService] })
export class CoversModule {}

/** In workers: the picture inside the download. */
@Module({ imports: [ToolsModule], providers: [CoversJobs, EmbeddingService] })
export class CoversWorkerModule {}

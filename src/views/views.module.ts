import { Module } from '@nestjs/common';
import { MediaModule } from '../media/media.module.js';
import { HistoryService } from './history.service.js';
import { ViewsController } from './views.controller.js';
import { ViewsJobs } from './views.jobs.js';
import { ViewsService } from './views.service.js';

@Module({ imports: [MediaModule], controllers: [ViewsController], providers: [ViewsService, HistoryService] })
export class ViewsModule {}

/** In workers: adds views to counters. */
@Module({ providers: [ViewsJobs] })
export class ViewsWorkerModule {}

import { Module } from '@nestjs/common';
import { LogModule } from '../platform/realtime/realtime.module.js';
import { LiveMediasCommands } from './live-medias.commands.js';
import { LiveMediasJobs } from './live-medias.jobs.js';
import { LiveMediasQueries } from './live-medias.queries.js';
import { LiveMediasService } from './live-medias.service.js';

@Module({ imports: [LogModule], providers: [LiveMediasService, LiveMediasQueries, LiveMediasCommands] })
export class LiveMediasModule {}

@Module({ providers: [LiveMediasJobs] })
export class LiveMediasWorkerModule {}

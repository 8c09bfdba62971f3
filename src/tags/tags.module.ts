import { Module } from '@nestjs/common';
import { MediaModule } from '../media/media.module.js';
import { TagsController } from './tags.controller.js';
import { TagsJobs } from './tags.jobs.js';
import { TagsQueries } from './tags.queries.js';

@Module({ imports: [MediaModule], controllers: [TagsController], providers: [TagsQueries] })
export class TagsModule {}

@Module({ providers: [TagsJobs] })
export class TagsWorkerModule {}

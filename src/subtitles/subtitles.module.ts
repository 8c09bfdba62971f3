import { Module } from '@nestjs/common';
import { QuotaModule } from '../quota/quota.module.js';
import { FilesModule } from '../files/files.module.js';
import { SubtitlesController } from './subtitles.controller.js';
import { SubtitlesService } from './subtitles.service.js';

@Module({ imports: [FilesModule, QuotaModule], controllers: [SubtitlesController], providers: [SubtitlesService] })
export class SubtitlesModule {}

import { Module } from '@nestjs/common';
import { QuotaModule } from '../quota/quota.module.js';
import { SignedHrefs } from '../files/signed-hrefs.service.js';
import { SubtitlesController } from './subtitles.controller.js';
import { SubtitlesService } from './subtitles.service.js';

@Module({ imports: [QuotaModule], controllers: [SubtitlesController], providers: [SubtitlesService, SignedHrefs] })
export class SubtitlesModule {}

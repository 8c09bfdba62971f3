import { Module } from '@nestjs/common';
import { SignedHrefs } from '../files/signed-hrefs.service.js';
import { SubtitlesController } from './subtitles.controller.js';
import { SubtitlesService } from './subtitles.service.js';

@Module({ controllers: [SubtitlesController], providers: [SubtitlesService, SignedHrefs] })
export class SubtitlesModule {}

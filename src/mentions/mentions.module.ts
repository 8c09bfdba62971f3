import { Module } from '@nestjs/common';
import { MediaModule } from '../media/media.module.js';
import { MentionsController } from './mentions.controller.js';
import { MentionsQueries } from './mentions.queries.js';

@Module({ imports: [MediaModule], controllers: [MentionsController], providers: [MentionsQueries] })
export class MentionsModule {}

import { Module } from '@nestjs/common';
import { MentionsService } from './mentions.service.js';

/** For features whose texts mention people. Separate from MentionsModule, which reads medias. */
@Module({ providers: [MentionsService], exports: [MentionsService] })
export class MentioningModule {}

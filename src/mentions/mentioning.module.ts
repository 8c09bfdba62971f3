import { Module } from '@nestjs/common';
import { MentionsService } from './mentions.service.js';

/** For those whose texts name people. Apart from MentionsModule, which reads medias. */
@Module({ providers: [MentionsService], exports: [MentionsService] })
export class MentioningModule {}

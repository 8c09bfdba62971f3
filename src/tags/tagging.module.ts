import { Module } from '@nestjs/common';
import { TagsService } from './tags.service.js';

/** For features with tags. Separate from TagsModule, which reads medias. */
@Module({ providers: [TagsService], exports: [TagsService] })
export class TaggingModule {}

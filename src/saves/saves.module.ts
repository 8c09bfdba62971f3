import { Module } from '@nestjs/common';
import { MediaModule } from '../media/media.module.js';
import { SavesController } from './saves.controller.js';
import { SavesService } from './saves.service.js';

@Module({ imports: [MediaModule], controllers: [SavesController], providers: [SavesService] })
export class SavesModule {}

import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { DeliveryQueries } from './delivery.queries.js';
import { DeliveryService } from './delivery.service.js';
import { FileContentController } from './file-content.controller.js';
import { MusicsController } from './musics.controller.js';
import { PhotosController } from './photos.controller.js';
import { HlsPlaylists } from './hls-playlists.service.js';
import { ProfilesController } from './profiles.controller.js';
import { VideosController } from './videos.controller.js';

@Module({
  imports: [FilesModule],
  controllers: [PhotosController, VideosController, MusicsController, FileContentController, ProfilesController],
  providers: [DeliveryService, DeliveryQueries, HlsPlaylists],
})
export class DeliveryModule {}

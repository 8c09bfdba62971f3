import { Module } from '@nestjs/common';
import { SignedHrefs } from '../files/signed-hrefs.service.js';
import { DeliveryQueries } from './delivery.queries.js';
import { DeliveryService } from './delivery.service.js';
import { MusicsController } from './musics.controller.js';
import { PhotosController } from './photos.controller.js';
import { Playlists } from './playlists.service.js';
import { ProfilesController } from './profiles.controller.js';
import { VideosController } from './videos.controller.js';

@Module({
  controllers: [PhotosController, VideosController, MusicsController, ProfilesController],
  providers: [DeliveryService, DeliveryQueries, Playlists, SignedHrefs],
})
export class DeliveryModule {}

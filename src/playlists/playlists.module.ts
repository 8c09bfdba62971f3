import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { MediaModule } from '../media/media.module.js';
import { PlaylistItemsController } from './playlist-items.controller.js';
import { PlaylistItems } from './playlist-items.service.js';
import { PlaylistsController } from './playlists.controller.js';
import { PlaylistsQueries } from './playlists.queries.js';
import { PlaylistsService } from './playlists.service.js';
import { Ranks } from './ranks.service.js';

@Module({
  imports: [FilesModule, MediaModule],
  controllers: [PlaylistsController, PlaylistItemsController],
  providers: [PlaylistsService, PlaylistItems, PlaylistsQueries, Ranks],
  exports: [PlaylistsService],
})
export class PlaylistsModule {}

import { Module } from '@nestjs/common';
import { MediaModule } from '../media/media.module.js';
import { PlaylistsModule } from '../playlists/playlists.module.js';
import { UsersModule } from '../users/users.module.js';
import { SearchController } from './search.controller.js';
import { SearchService } from './search.service.js';
import { TagSearchQueries } from './tag-search.queries.js';

@Module({
  imports: [MediaModule, UsersModule, PlaylistsModule],
  controllers: [SearchController],
  providers: [SearchService, TagSearchQueries],
})
export class SearchModule {}

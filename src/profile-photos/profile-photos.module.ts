import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { ToolsModule } from '../files/tools.service.js';
import { UsersModule } from '../users/users.module.js';
import { ProfilePhotosController } from './profile-photos.controller.js';
import { ProfilePhotosJobs } from './profile-photos.jobs.js';
import { ProfilePhotosService } from './profile-photos.service.js';
import { SquaresService } from './squares.service.js';

@Module({
  imports: [FilesModule, UsersModule],
  controllers: [ProfilePhotosController],
  providers: [ProfilePhotosService],
})
export class ProfilePhotosModule {}

/** In workers: makes squares, and lets profiles show them. */
@Module({ imports: [FilesModule, ToolsModule], providers: [ProfilePhotosJobs, SquaresService] })
export class ProfilePhotosWorkerModule {}

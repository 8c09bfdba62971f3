import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { ToolsModule } from '../files/tools.service.js';
import { AvatarIntegrity } from './avatar-integrity.service.js';
import { AvatarReader } from './avatar-reader.service.js';
import { AvatarTokens } from './avatar-token.js';
import { AvatarsController } from './avatars.controller.js';
import { AvatarsJobs } from './avatars.jobs.js';
import { AvatarsService } from './avatars.service.js';
import { Identicons } from './identicons.service.js';
import { PictureCache } from './picture-cache.js';

@Module({
  imports: [JwtModule.register({}), ToolsModule],
  controllers: [AvatarsController],
  providers: [AvatarsService, AvatarReader, AvatarTokens, Identicons, PictureCache],
})
export class AvatarsModule {}

/** For operators' commands. */
@Module({
  imports: [JwtModule.register({}), ToolsModule],
  providers: [AvatarsService, AvatarTokens, AvatarIntegrity],
  exports: [AvatarsService, AvatarTokens, AvatarIntegrity],
})
export class AvatarsCareModule {}

@Module({ providers: [AvatarsJobs] })
export class AvatarsWorkerModule {}

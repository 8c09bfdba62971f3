import { Module } from '@nestjs/common';
import { LogModule } from '../platform/realtime/realtime.module.js';
import { ForegroundUsers } from './foreground-users.service.js';
import { PresenceRegister } from './presence-register.service.js';
import { PresenceTables } from './presence-tables.queries.js';
import { PresenceCommands } from './presence.commands.js';
import { PresenceController } from './presence.controller.js';
import { PresenceQueries } from './presence.queries.js';
import { PresenceService } from './presence.service.js';

@Module({
  imports: [LogModule],
  controllers: [PresenceController],
  providers: [PresenceService, PresenceCommands, PresenceQueries, PresenceRegister, PresenceTables],
})
export class PresenceModule {}

/** For who decides whether to push, in any process. */
@Module({ providers: [ForegroundUsers], exports: [ForegroundUsers] })
export class ForegroundUsersModule {}

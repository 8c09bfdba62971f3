import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuthModule } from '../auth/auth.module.js';
import { CommandsModule, LogModule } from '../platform/realtime/realtime.module.js';
import { EventsController } from './events.controller.js';
import { Handshake } from './handshake.js';
import { RenewingCommands } from './renewing.commands.js';
import { SocketServer } from './socket-server.js';

@Module({
  imports: [DiscoveryModule, AuthModule, LogModule, CommandsModule],
  controllers: [EventsController],
  providers: [Handshake, SocketServer, RenewingCommands],
})
export class SocketsModule {}

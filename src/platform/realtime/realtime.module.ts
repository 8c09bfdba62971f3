import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CommandRunner } from './command-runner.js';
import { EventLog } from './log.js';
import { Live } from './live.js';
import { Renderers } from './renderers.js';
import { Rooms } from './rooms.js';
import { Sequencer } from './sequencer.js';
import { SignalDelivery } from './signal-delivery.js';
import { Signals } from './signals.js';
import { Tail } from './tail.js';

/** For every process that writes: what it records is numbered, and told. */
@Global()
@Module({ providers: [Live, Sequencer, Signals], exports: [Live, Signals] })
export class RealtimeModule {}

/** For processes with sockets. */
@Module({
  imports: [DiscoveryModule],
  providers: [EventLog, Renderers, Tail, Rooms, SignalDelivery],
  exports: [EventLog, Tail, Renderers, Rooms],
})
export class LogModule {}

@Module({ imports: [DiscoveryModule], providers: [CommandRunner], exports: [CommandRunner] })
export class CommandsModule {}

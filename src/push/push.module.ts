import { Module } from '@nestjs/common';
import { PushController } from './push.controller.js';
import { PushSender } from './push-sender.service.js';
import { PushService } from './push.service.js';

@Module({ controllers: [PushController], providers: [PushService] })
export class PushModule {}

/** In workers: what other features push. */
@Module({ providers: [PushSender], exports: [PushSender] })
export class PushWorkerModule {}

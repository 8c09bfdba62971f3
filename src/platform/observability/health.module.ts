import { Module } from '@nestjs/common';
import { Backlog } from './backlog.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';

@Module({ controllers: [HealthController], providers: [Health] })
export class HealthModule {}

/** For workers, which have no routes: `health-server.ts` serves theirs. They have the queues, too. */
@Module({ providers: [Health, Backlog] })
export class HealthWorkerModule {}

import { BullModule, Processor, WorkerHost } from '@nestjs/bullmq';
import {
  Injectable,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type Type,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { Job } from 'bullmq';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Handlers } from './handlers.js';
import { Jobs } from './jobs.service.js';
import { queueNames, type QueueName } from './definition.js';
import { Runner } from './runner.js';
import { Schedules } from './schedules.js';
import { UnfinishedWork } from './unfinished-work.js';
import { openQueueStore, type QueueStore } from './store.js';

const STORE = Symbol('queue-store');

@Module({
  providers: [
    {
      provide: STORE,
      inject: [CONFIG],
      useFactory: (config: Config) =>
        openQueueStore(config, (error) => new Logger('QueueStore').warn({ err: error }, 'connection lost')),
    },
  ],
  exports: [STORE],
})
class QueueStoreModule {}

/** A worker process: all queues to add jobs to, and a processor for each of the named ones. */
@Module({})
export class QueueModule {
  static working(names: readonly QueueName[], config: Config): DynamicModule {
    return {
      global: true,
      module: QueueModule,
      imports: [
        DiscoveryModule,
        BullModule.forRootAsync({
          imports: [QueueStoreModule],
          inject: [STORE],
          useFactory: (store: QueueStore) => ({
            connection: store.connection,
            prefix: 'vitrine',
            // Workers start after everything else (worker.ts), not while modules are still being built.
            extraOptions: { manualRegistration: true },
          }),
        }),
        BullModule.registerQueue(...queueNames.map((name) => ({ name }))),
      ],
      providers: [
        Jobs,
        Handlers,
        Runner,
        Schedules,
        UnfinishedWork,
        ...names.map((name) => processor(name, config.worker.concurrency[name])),
      ],
      exports: [Jobs, Handlers, UnfinishedWork],
    };
  }
}

function processor(queue: QueueName, concurrency: number): Type {
  @Injectable()
  @Processor(queue, { concurrency, lockDuration: 20_000, stalledInterval: 10_000, maxStalledCount: 3 })
  class QueueProcessor extends WorkerHost implements BeforeApplicationShutdown {
    constructor(private readonly runner: Runner) {
      super();
    }

    process(job: Job, token?: string): Promise<void> {
      return this.runner.run(job, token ?? '');
    }

    /**
     * Pauses before Nest closes the worker, which happens only after the runner returned its running jobs: this worker
     * would take them again.
     */
    async beforeApplicationShutdown(): Promise<void> {
      await this.worker.pause(true);
    }
  }
  // Nest's messages tell providers apart by class name.
  Object.defineProperty(QueueProcessor, 'name', { value: `${queue}Processor` });
  return QueueProcessor;
}

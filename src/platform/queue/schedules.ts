import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { queueNames } from './definition.js';
import { work, type WorkName } from './jobs.js';
import { Jobs } from './jobs.service.js';

/** Tells the queue which jobs come back by themselves. Every worker says the same, so it stays one schedule each. */
@Injectable()
export class Schedules implements OnApplicationBootstrap {
  constructor(private readonly jobs: Jobs) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.forgetFormer();
    for (const name of Object.keys(work) as WorkName[]) {
      const definition: { every?: number } = work[name];
      if (definition.every === undefined) continue;
      await this.jobs
        .queue(work[name].queue)
        .upsertJobScheduler(
          name,
          { every: definition.every },
          { name, data: {}, opts: { removeOnComplete: { count: 10 }, removeOnFail: { count: 100 } } },
        );
    }
  }
  /** What an earlier version did by itself, and this one has under another name or not at all. */
  private async forgetFormer(): Promise<void> {
    for (const name of queueNames) {
      const queue = this.jobs.queue(name);
      for (const { key } of await queue.getJobSchedulers()) {
        if (!Object.hasOwn(work, key) || work[key as WorkName].queue !== name) await queue.removeJobScheduler(key);
      }
    }
  }
}

import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { queueNames } from './definition.js';
import { work, type WorkName } from './jobs.js';
import { Jobs } from './jobs.service.js';

/** Registers periodic jobs with the queue. Every worker registers the same ones, so each stays one schedule. */
@Injectable()
export class Schedules implements OnApplicationBootstrap {
  constructor(private readonly jobs: Jobs) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.removeOutdated();
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
  /** Removes schedules that an earlier version registered and this one does not have, or has in another queue. */
  private async removeOutdated(): Promise<void> {
    for (const name of queueNames) {
      const queue = this.jobs.queue(name);
      for (const { key } of await queue.getJobSchedulers()) {
        if (!Object.hasOwn(work, key) || work[key as WorkName].queue !== name) await queue.removeJobScheduler(key);
      }
    }
  }
}

import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { jobs, type JobName } from './jobs.js';
import { Jobs } from './jobs.service.js';

/** Tells the queue which jobs come back by themselves. Every worker says the same, so it stays one schedule each. */
@Injectable()
export class Schedules implements OnApplicationBootstrap {
  constructor(private readonly jobs: Jobs) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const name of Object.keys(jobs) as JobName[]) {
      const definition: { every?: number } = jobs[name];
      if (definition.every === undefined) continue;
      await this.jobs
        .queue(jobs[name].queue)
        .upsertJobScheduler(
          name,
          { every: definition.every },
          { name, data: {}, opts: { removeOnComplete: { count: 10 }, removeOnFail: { count: 100 } } },
        );
    }
  }
}

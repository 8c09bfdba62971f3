import { Module } from '@nestjs/common';
import { AccountStatesService } from './account-states.service.js';
import { CountersJobs } from './counters.jobs.js';

/** In workers: counters follow accounts that are disabled or enabled. */
@Module({ providers: [CountersJobs, AccountStatesService] })
export class CountersWorkerModule {}

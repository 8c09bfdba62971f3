import { Module } from '@nestjs/common';
import { AccountStatesService } from './account-states.service.js';
import { CountersJobs } from './counters.jobs.js';
import { OwnerCountsJobs } from './owner-counts.jobs.js';
import { RecountService } from './recount.service.js';

/** In workers: counters follow accounts that are disabled or enabled, and those of owners their medias. */
@Module({ providers: [CountersJobs, AccountStatesService, OwnerCountsJobs] })
export class CountersWorkerModule {}

/** For operators: counters compared with what they count. */
@Module({ providers: [RecountService], exports: [RecountService] })
export class CountersCareModule {}

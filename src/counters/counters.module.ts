import { Global, Module } from '@nestjs/common';
import { AccountStatesService } from './account-states.service.js';
import { CountersJobs } from './counters.jobs.js';
import { MovedCounts } from './moved-counts.service.js';
import { OwnerCountsJobs } from './owner-counts.jobs.js';
import { RecountService } from './recount.service.js';

/** For every process that moves counters. */
@Global()
@Module({ providers: [MovedCounts], exports: [MovedCounts] })
export class MovedCountsModule {}

/** In workers: moves counters when accounts are disabled or enabled, and carries counts of medias to their owners. */
@Module({ providers: [CountersJobs, AccountStatesService, OwnerCountsJobs] })
export class CountersWorkerModule {}

/** For operators: compares counters with what they count. */
@Module({ providers: [RecountService], exports: [RecountService] })
export class CountersCareModule {}

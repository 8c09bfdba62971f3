import { Module } from '@nestjs/common';
import { AccountStatesService } from './account-states.service.js';
import { CountersJobs } from './counters.jobs.js';
import { RecountService } from './recount.service.js';

/** In workers: counters follow accounts that are disabled or enabled. */
@Module({ providers: [CountersJobs, AccountStatesService] })
export class CountersWorkerModule {}

/** For operators: counters compared with what they count. */
@Module({ providers: [RecountService], exports: [RecountService] })
export class CountersCareModule {}

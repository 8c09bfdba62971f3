import { Injectable } from '@nestjs/common';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { AccountStatesService } from './account-states.service.js';

@Injectable()
export class CountersJobs {
  constructor(private readonly states: AccountStatesService) {}

  @OnEvent('count-rows')
  settle({ userId }: EventOf<'account.state.changed'>, { signal }: JobContext): Promise<void> {
    return this.states.settle(userId, signal);
  }

  @OnJob('states.sweep')
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    for (const userId of await this.states.unsettled()) await this.states.settle(userId, signal);
  }
}

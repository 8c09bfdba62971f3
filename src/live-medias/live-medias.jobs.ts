import { Injectable } from '@nestjs/common';
import { MovedCounts } from '../counters/moved-counts.service.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';

@Injectable()
export class LiveMediasJobs {
  constructor(private readonly moved: MovedCounts) {}

  /** Whoever disables an account, closes it or makes it private: its medias are not watched any more. */
  @OnEvent('end-watching')
  async onAccountState({ userId }: EventOf<'account.state.changed'>): Promise<void> {
    this.moved.ofOwner(userId);
  }
}

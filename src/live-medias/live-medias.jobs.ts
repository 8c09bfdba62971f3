import { Injectable } from '@nestjs/common';
import { MovedCounts } from '../counters/moved-counts.service.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';

@Injectable()
export class LiveMediasJobs {
  constructor(private readonly moved: MovedCounts) {}

  /** Disabled or enabled again: what others know of it is looked at anew. */
  @OnEvent('end-watching')
  async onAccountState({ userId }: EventOf<'account.state.changed'>): Promise<void> {
    this.moved.ofOwner(userId);
  }

  @OnEvent('end-watching-of-closed')
  async onClosed({ userId }: EventOf<'account.closed'>): Promise<void> {
    this.moved.ofOwner(userId);
  }
}

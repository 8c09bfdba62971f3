import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EventDelivery } from './event-delivery.js';
import { LostDeliveries } from './lost-deliveries.js';
import { Outbox } from './outbox.js';
import { Relay } from './relay.js';
import { Subscribers } from './subscribers.js';

@Global()
@Module({ providers: [Outbox], exports: [Outbox] })
export class EventsModule {}

/** In workers only: handles events from the outbox, and, where a relay runs, carries them into the queues. */
@Module({})
export class EventDeliveryModule {
  static with({ relay }: { relay: boolean }): DynamicModule {
    return {
      module: EventDeliveryModule,
      imports: [DiscoveryModule],
      providers: [Subscribers, EventDelivery, LostDeliveries, ...(relay ? [Relay] : [])],
    };
  }
}

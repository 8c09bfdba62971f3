import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { discover, only } from '../queue/discover.js';
import { Handlers } from '../queue/handlers.js';
import { EventDelivery, type AnyHandler } from './event-delivery.js';
import { ON_EVENT } from './on-event.js';
import { subscriptions, type Subscriber } from './subscriptions.js';

/** Finds the method of each line in subscriptions.ts, and registers it as the handler of the job of that name. */
@Injectable()
export class Subscribers implements OnModuleInit {
  constructor(
    private readonly delivery: EventDelivery,
    private readonly handlers: Handlers,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @throws {Error} if a line has no method, or several: the process must not start */
  onModuleInit(): void {
    const { discovery, scanner, reflector } = this;
    const found = discover<Subscriber>(ON_EVENT, { discovery, scanner, reflector });
    for (const name of Object.keys(subscriptions) as Subscriber[]) {
      const methods = found.filter(({ metadata }) => metadata === name);
      const handle = only(`subscriber ${name}`, methods).method as unknown as AnyHandler;
      this.handlers.put(name, (payload, context) => this.delivery.deliver(name, handle, payload, context));
    }
  }
}

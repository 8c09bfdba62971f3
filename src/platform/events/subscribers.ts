import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { discover, type Found } from '../queue/discover.js';
import type { PayloadOf } from '../queue/jobs.js';
import { OnJob, type JobContext } from '../queue/on-job.js';
import { events, type EventName } from './events.js';
import { ON_EVENT, type Subscription } from './on-event.js';
import { OutboxEvent } from './outbox.entity.js';

/** Knows every @OnEvent method, and runs the jobs by which events reach them. */
@Injectable()
export class Subscribers implements OnModuleInit {
  private found: Found<Subscription>[] = [];

  constructor(
    private readonly em: EntityManager,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    this.found = discover<Subscription>(ON_EVENT, {
      discovery: this.discovery,
      scanner: this.scanner,
      reflector: this.reflector,
    });
    const names = this.found.map(({ metadata }) => `${metadata.event} → ${metadata.subscriber}`);
    const twice = names.filter((name, i) => names.indexOf(name) !== i);
    if (twice.length) throw new Error(`Two subscribers share a name: ${twice.join(', ')}`);
  }

  of(event: EventName): Subscription[] {
    return this.found.filter(({ metadata }) => metadata.event === event).map(({ metadata }) => metadata);
  }

  @OnJob('event.social')
  social(job: PayloadOf<'event.social'>, context: JobContext): Promise<void> {
    return this.deliver(job, context as never);
  }

  @OnJob('event.mail')
  mail(job: PayloadOf<'event.mail'>, context: JobContext): Promise<void> {
    return this.deliver(job, context as never);
  }

  @OnJob('event.maintenance')
  maintenance(job: PayloadOf<'event.maintenance'>, context: JobContext): Promise<void> {
    return this.deliver(job, context as never);
  }

  private async deliver({ eventId, subscriber }: PayloadOf<'event.social'>, context: JobContext): Promise<void> {
    const event = await this.em.findOne(OutboxEvent, eventId);
    if (!event) return; // Older than the outbox keeps: it was delivered long ago.
    const target = this.found.find(
      ({ metadata }) => metadata.event === event.name && metadata.subscriber === subscriber,
    );
    // A newer version may have renamed a subscriber; what it stood for is gone with it.
    if (!target) return;
    await target.method(events[event.name].parse(event.payload) as never, context as never);
  }
}

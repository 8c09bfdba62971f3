import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { sql } from '../database/sql.js';
import { Jobs } from '../queue/jobs.service.js';
import type { JobContext } from '../queue/on-job.js';
import { ShuttingDown } from '../queue/runner.js';
import type { Delivery } from './deliveries.js';
import { events, type EventName } from './events.js';
import { jobIdOf, waitsNoMore } from './outbox-jobs.js';
import { subscriptions, type Subscriber } from './subscriptions.js';

/** Any method with @OnEvent. */
export type AnyHandler = (events: unknown, ...rest: unknown[]) => Promise<unknown>;

interface Recorded {
  id: string;
  name: EventName;
  payload: unknown;
}

/** Hands events to a subscriber, and says in the outbox which of them it has done. */
@Injectable()
export class EventDelivery {
  private readonly logger = new Logger('Events');

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
  ) {}

  /** One job. Of several events none is done again because another failed more than once: each goes on alone. */
  async deliver(
    name: Subscriber,
    handle: AnyHandler,
    { eventIds, cursor }: Delivery,
    context: JobContext,
  ): Promise<void> {
    const recorded = await sql<Recorded>`
      select id, name, payload from outbox_events where id = any(${eventIds}::uuid[]) order by id`.all(this.em);
    // Older than the outbox keeps: they were done long ago.
    if (!recorded.length) return;
    let next: string | undefined;
    try {
      next = await this.hand(name, handle, recorded, cursor, context);
    } catch (error) {
      if (context.signal.reason instanceof ShuttingDown) throw error;
      if (eventIds.length > 1) {
        this.logger.warn({ subscriber: name, events: eventIds.length, err: error }, 'together they failed');
        return this.separate(name, eventIds, context.jobId);
      }
      if (context.isLastAttempt) {
        this.logger.error({ subscriber: name, eventId: eventIds[0], err: error }, 'an event is given up');
        await waitsNoMore(eventIds, context.jobId).all(this.em);
      }
      throw error;
    }
    if (next === undefined) await waitsNoMore(eventIds, context.jobId).all(this.em);
    else await this.turnPage(name, eventIds[0]!, next, context.jobId);
  }

  private async hand(
    name: Subscriber,
    handle: AnyHandler,
    recorded: Recorded[],
    cursor: string | undefined,
    context: JobContext,
  ): Promise<string | undefined> {
    const { mode } = subscriptions[name];
    const parsed = recorded.map((event) => events[event.name].parse(event.payload));
    if (mode === 'paged') return (await handle(parsed[0], cursor, context)) as string | undefined;
    await handle(mode === 'together' ? parsed : parsed[0], context);
    return undefined;
  }

  private async separate(name: Subscriber, eventIds: string[], jobId: string): Promise<void> {
    const alone = eventIds.map((id) => jobIdOf(name, [id]));
    await sql`
      update outbox_events e set waiting = array_replace(waiting, ${jobId}, next.job)
      from unnest(${eventIds}::uuid[], ${alone}::text[]) as next (id, job)
      where e.id = next.id`.all(this.em);
    await this.jobs.addAll(eventIds.map((id, i) => ({ name, payload: { eventIds: [id] }, id: alone[i]! })));
  }

  /**
   * The next page is a job of its own: others get their turn, and what fails begins at its page. Noted first: who dies
   * before there is a job comes by again, and finds the page noted, or done.
   */
  private async turnPage(name: Subscriber, eventId: string, cursor: string, jobId: string): Promise<void> {
    // Of the page before, too: two pages may have one cursor, where each takes away what it found.
    const next = jobIdOf(name, [eventId], `${jobId} ${cursor}`);
    await sql`
      update outbox_events set waiting = array_replace(waiting, ${jobId}, ${next}) where id = ${eventId}`.all(this.em);
    await this.jobs.addAll([{ name, payload: { eventIds: [eventId], cursor }, id: next }]);
  }
}

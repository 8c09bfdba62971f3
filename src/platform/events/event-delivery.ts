import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { sql } from '../database/sql.js';
import { Jobs } from '../queue/jobs.service.js';
import type { JobContext } from '../queue/on-job.js';
import { ShuttingDown } from '../queue/runner.js';
import type { Delivery } from './deliveries.js';
import { events, type EventName } from './events.js';
import { jobIdOf, removeFromWaiting } from './outbox-jobs.js';
import { subscriptions, type Subscriber } from './subscriptions.js';

/** Any @OnEvent method. */
export type AnyHandler = (events: unknown, ...rest: unknown[]) => Promise<unknown>;

interface Recorded {
  id: string;
  name: EventName;
  payload: unknown;
}

/** Hands events to a subscriber, and records in the outbox which of them are done. */
@Injectable()
export class EventDelivery {
  private readonly logger = new Logger('Events');

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
  ) {}

  /**
   * Runs one job. If several events fail together, each is retried in a job of its own, so that one that keeps failing
   * does not repeat the others.
   */
  async deliver(
    name: Subscriber,
    handle: AnyHandler,
    { eventIds, cursor }: Delivery,
    context: JobContext,
  ): Promise<void> {
    const recorded = await sql<Recorded>`
      select id, name, payload from outbox_events where id = any(${eventIds}::uuid[]) order by id`.all(this.em);
    // Deleted from the outbox after a week: they were handled long ago.
    if (!recorded.length) return;
    let next: string | undefined;
    try {
      next = await this.hand(name, handle, recorded, cursor, context);
    } catch (error) {
      if (context.signal.reason instanceof ShuttingDown) throw error;
      if (eventIds.length > 1) {
        this.logger.warn(
          { subscriber: name, events: eventIds.length, err: error },
          'batch failed, retrying its events one by one',
        );
        return this.separate(name, eventIds, context.jobId);
      }
      if (context.isLastAttempt) {
        this.logger.error(
          { subscriber: name, eventId: eventIds[0], err: error },
          'event given up after its last attempt',
        );
        await removeFromWaiting(eventIds, context.jobId).all(this.em);
      }
      throw error;
    }
    if (next === undefined) await removeFromWaiting(eventIds, context.jobId).all(this.em);
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
   * The next page is a job of its own: other work gets its turn, and a retry repeats one page only. The outbox is
   * updated first: if the process dies before the job exists, the retried job finds the next page recorded or done.
   */
  private async turnPage(name: Subscriber, eventId: string, cursor: string, jobId: string): Promise<void> {
    // The id includes the previous job's: two pages may have the same cursor, where each deletes the rows it found.
    const next = jobIdOf(name, [eventId], `${jobId} ${cursor}`);
    await sql`
      update outbox_events set waiting = array_replace(waiting, ${jobId}, ${next}) where id = ${eventId}`.all(this.em);
    await this.jobs.addAll([{ name, payload: { eventIds: [eventId], cursor }, id: next }]);
  }
}

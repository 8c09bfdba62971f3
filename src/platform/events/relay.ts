import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Bus } from '../bus/bus.js';
import { sql } from '../database/sql.js';
import { Loop } from '../loop.js';
import { Jobs, type Added } from '../queue/jobs.service.js';
import { events, type EventName } from './events.js';
import { jobIdOf } from './outbox-jobs.js';
import { maxTogether, subscriptions, type Subscriber } from './subscriptions.js';

/** Events that only a newer version knows wait for its relay. */
const known = Object.keys(events);
/** Events per transaction. */
const maxEventsPerRound = 500;
/** Between two rounds, ms, however many events come in. */
const gatherMs = 100;
const pollMs = 1_000;

/**
 * Carries committed events into the queues (subscriptions.ts), and stores with each event which jobs it waits for.
 * Several relays share the work by SKIP LOCKED. If one dies between adding jobs and storing them, the events are
 * carried again: handlers may run twice.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Relay');
  private readonly em: EntityManager;
  private readonly loop: Loop;

  constructor(
    em: EntityManager,
    private readonly jobs: Jobs,
    bus: Bus,
  ) {
    this.em = em.fork();
    const warn = (error: unknown) => this.logger.warn({ err: error }, 'relay failed, will try again');
    this.loop = new Loop(() => this.carryAll(), warn, { pollMs, gatherMs });
    bus.subscribe('relay', () => this.loop.wake());
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.loop.stop();
  }

  private async carryAll(): Promise<void> {
    while (!this.loop.isStopping && (await this.carry()) === maxEventsPerRound);
  }

  /** @returns how many events were carried */
  private carry(): Promise<number> {
    return this.em.transactional(async (em) => {
      const recorded = await sql<{ id: string; name: EventName }>`
        select id, name from outbox_events where dispatched_at is null and name = any(${known}) order by id
          limit ${maxEventsPerRound} for update skip locked`.all(em);
      const added = jobsFor(recorded);
      await this.jobs.addAll(added);
      const ids = recorded.map(({ id }) => id);
      const jobsOf = new Map<string, string[]>(ids.map((id) => [id, []]));
      for (const job of added) for (const id of job.payload.eventIds) jobsOf.get(id)!.push(job.id);
      if (ids.length) {
        await sql`
          update outbox_events e set dispatched_at = now(), waiting = string_to_array(carried.jobs, ' ')
          from unnest(${ids}::uuid[], ${ids.map((id) => jobsOf.get(id)!.join(' '))}::text[]) as carried (id, jobs)
          where e.id = carried.id`.all(em);
      }
      return ids.length;
    });
  }
}

/** A job for each subscriber of each event, or for up to a hundred events that a subscriber takes together. */
function jobsFor(recorded: { id: string; name: EventName }[]): Added<Subscriber>[] {
  const byName = Map.groupBy(recorded, ({ name }) => name);
  return Object.entries(subscriptions).flatMap(([name, { event, mode }]) => {
    const ids = byName.get(event)?.map(({ id }) => id) ?? [];
    const size = mode === 'together' ? maxTogether : 1;
    return Array.from({ length: Math.ceil(ids.length / size) }, (_, i) => {
      const eventIds = ids.slice(i * size, (i + 1) * size);
      return { name: name as Subscriber, payload: { eventIds }, id: jobIdOf(name as Subscriber, eventIds) };
    });
  });
}

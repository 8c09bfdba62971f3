import { EntityManager } from '@mikro-orm/postgresql';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';
import { Jobs, type Added } from '../queue/jobs.service.js';
import { events, type EventName } from './events.js';
import { jobIdOf } from './outbox-jobs.js';
import { maxTogether, subscriptions, type Subscriber } from './subscriptions.js';
import { wakeChannel } from './wake-up.js';
import { sql } from '../database/sql.js';

/** Events that only a newer version knows wait for its relay. */
const known = Object.keys(events);
/** Events per transaction. */
const maxEventsPerRound = 500;
/** Minimum time between two rounds, however many events come in. The first event after a quiet time does not wait. */
const gatherMs = 100;
/** Polling interval, in case a wake-up is lost. */
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
  private stopped = false;
  private loop: Promise<void> = Promise.resolve();
  private woken = false;
  private wakeUp: (() => void) | undefined;
  private listener: pg.Client | undefined;

  constructor(
    em: EntityManager,
    private readonly jobs: Jobs,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.em = em.fork();
  }

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.loop;
    await this.listener?.end();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        this.listener ??= await this.listen();
        const begun = performance.now();
        while (!this.stopped && (await this.carry()) === maxEventsPerRound);
        // Events are gathered meanwhile: ten in one job cost little more than one.
        if (!this.stopped) await sleep(Math.max(0, gatherMs - (performance.now() - begun)));
      } catch (error) {
        this.logger.warn({ err: error }, 'relay failed, will try again');
      }
      if (!this.stopped) await this.pause();
    }
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

  private async listen(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: databaseUrl(this.config),
      keepAlive: true,
      application_name: 'vitrine-relay',
    });
    client.on('notification', () => this.wake());
    client.on('error', (error) => {
      this.logger.warn({ err: error }, 'lost the wake-up connection');
      this.listener = undefined;
    });
    await client.connect();
    await client.query(`listen ${wakeChannel}`);
    return client;
  }

  private wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** Until woken, or until the next poll. A wake-up that arrived during the last round counts. */
  private async pause(): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMs);
        this.wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.woken = false;
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

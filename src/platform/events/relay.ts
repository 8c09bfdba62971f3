import { EntityManager } from '@mikro-orm/postgresql';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import pg from 'pg';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';
import { Jobs } from '../queue/jobs.service.js';
import type { EventName } from './events.js';
import { Subscribers } from './subscribers.js';
import { sql } from '../database/sql.js';

const batch = 200;
/** How often it looks without being woken. */
const pollMs = 1_000;

/**
 * Carries committed events into the queue: one job per event and subscriber. Several relays share the work by
 * SKIP LOCKED. One that dies between adding the jobs and marking the event leaves it to be carried again: the jobs
 * have the same ids, and their handlers may run twice.
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
    private readonly subscribers: Subscribers,
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
        while (!this.stopped && (await this.carry()) === batch);
      } catch (error) {
        this.logger.warn({ err: error }, 'the relay waits for its services');
      }
      if (!this.stopped) await this.pause();
    }
  }

  /** @returns how many events were carried */
  private carry(): Promise<number> {
    return this.em.transactional(async (em) => {
      const events = await sql<{ id: string; name: EventName }>`
        select id, name from outbox_events where dispatched_at is null order by id
          limit ${batch} for update skip locked`.all(em);
      for (const event of events) {
        for (const { subscriber, queue } of this.subscribers.of(event.name)) {
          await this.jobs.add(`event.${queue}`, { eventId: event.id, subscriber }, { id: `${event.id}-${subscriber}` });
        }
      }
      if (events.length) {
        await sql`
          update outbox_events set dispatched_at = now() where id = any(${events.map((e) => e.id)}::uuid[])`.all(em);
      }
      return events.length;
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
    await client.query('listen vitrine_outbox');
    return client;
  }

  private wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** Until woken, or until it is time to look anyway. A call that came while we worked is not forgotten. */
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

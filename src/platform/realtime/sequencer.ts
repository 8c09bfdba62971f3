import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Bus } from '../bus/bus.js';
import { sql } from '../database/sql.js';
import { Loop } from '../loop.js';

/** Rows of `realtime.pending` per transaction. */
const most = 500;
/** Whoever recorded something may have died before waking anybody. */
const pollMs = 500;
const gatherMs = 5;

/**
 * Moves what transactions recorded into the log, where it gets its numbers: after the commit, because numbers given
 * before it do not follow the order in which transactions become visible. Any process may do it; PostgreSQL lets one at
 * a time.
 */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Sequencer');
  private readonly em: EntityManager;
  private readonly loop: Loop;

  constructor(
    em: EntityManager,
    private readonly bus: Bus,
  ) {
    this.em = em.fork();
    const warn = (error: unknown) => this.logger.warn({ err: error }, 'could not number live events, will try again');
    this.loop = new Loop(() => this.sequence(), warn, { pollMs, gatherMs });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.loop.stop();
  }

  wake(): void {
    this.loop.wake();
  }

  private async sequence(): Promise<void> {
    let taken: number;
    do {
      const [row] = await sql<{ taken: number }>`select realtime.sequence(${most}) as taken`.all(this.em);
      taken = row!.taken;
      if (taken) this.bus.publish('log', null);
    } while (taken && !this.loop.isStopping);
  }
}

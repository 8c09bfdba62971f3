import { MikroORM, type EventSubscriber, type TransactionEventArgs } from '@mikro-orm/core';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';

export const wakeChannel = 'vitrine_outbox';

/** Shortest time between two wake-ups of a process. */
const gatherMs = 5;
/** Longer than any request takes from its event to its commit; a needless wake-up costs a relay one query. */
const openMs = 30_000;

/**
 * Wakes the relays after events are committed. Never within the transaction: NOTIFY holds a lock of the whole cluster
 * until the commit is on disk, so commits would go one at a time (docs/decisions/0015). A lost wake-up costs a second,
 * the relay's polling interval.
 */
@Injectable()
export class WakeUp implements EventSubscriber, OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('WakeUp');
  private recordedAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private client: Promise<pg.Client> | undefined;
  /** Serialises sends: a client takes one statement at a time. */
  private sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly orm: MikroORM,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.orm.em.getEventManager().registerSubscriber(this);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.sending;
    await (await this.client?.catch(() => undefined))?.end();
  }

  /** An open transaction of this process has recorded an event. */
  expect(): void {
    this.recordedAt = performance.now();
  }

  afterTransactionCommit({ transaction }: TransactionEventArgs): void {
    // Releasing a savepoint is no commit.
    if (transaction && 'savepointName' in (transaction as object)) return;
    if (performance.now() - this.recordedAt > openMs) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.sending = this.sending.then(() => this.send());
    }, gatherMs);
  }

  private async send(): Promise<void> {
    try {
      this.client ??= this.connect();
      await (await this.client).query(`notify ${wakeChannel}`);
    } catch (error) {
      this.client = undefined;
      this.logger.warn({ err: error }, 'could not wake the relays; they poll');
    }
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: databaseUrl(this.config),
      keepAlive: true,
      application_name: 'vitrine-wake-up',
      // It writes nothing that must survive a crash.
      options: '-c synchronous_commit=off',
    });
    client.on('error', () => (this.client = undefined)); // The next wake-up opens another one.
    await client.connect();
    return client;
  }
}

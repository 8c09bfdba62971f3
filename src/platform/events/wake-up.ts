import { MikroORM, type EventSubscriber, type TransactionEventArgs } from '@mikro-orm/core';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';

export const wakeChannel = 'vitrine_outbox';

/** At most one wake-up in so many ms leaves a process. */
const gatherMs = 5;
/** No request takes as long from its event to its commit; a wake-up too many costs a relay one look. */
const openMs = 30_000;

/**
 * Wakes the relays once what was recorded is committed. Never within the transaction: NOTIFY holds one lock of the whole
 * cluster until the commit is on disk, one commit at a time (docs/decisions/0015). A wake-up that is lost costs a second,
 * after which a relay looks by itself.
 */
@Injectable()
export class WakeUp implements EventSubscriber, OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('WakeUp');
  private recordedAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private client: Promise<pg.Client> | undefined;
  /** One after the other: a client takes one statement at a time. */
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

  /** An event stands in a transaction of this process that is still open. */
  expect(): void {
    this.recordedAt = performance.now();
  }

  afterTransactionCommit({ transaction }: TransactionEventArgs): void {
    // A savepoint that is released is no commit.
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
      this.logger.warn({ err: error }, 'the relays were not woken, and will look by themselves');
    }
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: databaseUrl(this.config),
      keepAlive: true,
      application_name: 'vitrine-wake-up',
      // It writes nothing that has to be on disk.
      options: '-c synchronous_commit=off',
    });
    client.on('error', () => (this.client = undefined)); // Another is opened by the next wake-up.
    await client.connect();
    return client;
  }
}

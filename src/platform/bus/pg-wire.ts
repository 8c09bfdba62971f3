import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { Wire } from './wire.js';

const channel = 'vitrine';
const reconnectMs = 1_000;

/** LISTEN and NOTIFY, on one connection of its own. */
export class PgWire implements Wire {
  private readonly logger = new Logger('Bus');
  private client: Promise<pg.Client> | undefined;
  private closed = false;
  private onText: ((text: string) => void) | undefined;
  private onOpen: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly url: string) {}

  async send(text: string): Promise<void> {
    const client = await this.connected();
    await client.query('select pg_notify($1, $2)', [channel, text]);
  }

  listen(onText: (text: string) => void, onOpen: () => void): void {
    this.onText = onText;
    this.onOpen = onOpen;
    this.reconnect(0);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await (await this.client?.catch(() => undefined))?.end();
  }

  private connected(): Promise<pg.Client> {
    this.client ??= this.connect().catch((error: unknown) => {
      this.client = undefined;
      throw error;
    });
    return this.client;
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      application_name: 'vitrine-bus',
      // NOTIFY writes nothing that must survive a crash, and must not wait for the disk.
      options: '-c synchronous_commit=off',
    });
    client.on('notification', ({ payload }) => this.onText?.(payload ?? ''));
    client.on('error', (error) => {
      this.logger.warn({ err: error }, 'connection lost');
      this.lost();
    });
    client.on('end', () => this.lost());
    await client.connect();
    if (this.onText) {
      await client.query(`listen ${channel}`);
      this.onOpen?.();
    }
    return client;
  }

  private lost(): void {
    this.client = undefined;
    if (this.onText && !this.closed) this.reconnect(reconnectMs);
  }

  /** Only who listens: who just sends connects again when there is something to send. */
  private reconnect(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.connected().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'could not connect');
        if (!this.closed) this.reconnect(reconnectMs);
      });
    }, afterMs);
  }
}

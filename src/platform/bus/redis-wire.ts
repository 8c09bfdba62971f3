import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Wire } from './wire.js';

/** Redis pub/sub. */
export class RedisWire implements Wire {
  private readonly logger = new Logger('Bus');
  private readonly sender: Redis;
  private listener: Redis | undefined;
  private closed = false;
  /** Pub/sub knows no database numbers: two installations in one Redis would hear each other. */
  private readonly channel: string;

  constructor(url: string) {
    this.sender = this.open(url);
    this.channel = `vitrine:${this.sender.options.db ?? 0}:bus`;
  }

  async send(text: string): Promise<void> {
    await this.sender.publish(this.channel, text);
  }

  listen(onText: (text: string) => void, onOpen: () => void): void {
    this.listener = this.sender.duplicate({ maxRetriesPerRequest: null });
    this.listener.on('error', (error) => this.warn(error));
    this.listener.on('message', (_channel, text) => onText(text));
    // ioredis subscribes again by itself before it is `ready`.
    this.listener.on('ready', onOpen);
    this.listener.subscribe(this.channel).catch((error: unknown) => this.warn(error));
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([this.sender, this.listener].map((redis) => redis?.status === 'ready' && redis.quit()));
    for (const redis of [this.sender, this.listener]) redis?.disconnect();
  }

  private open(url: string): Redis {
    const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, connectTimeout: 2_000 });
    redis.on('error', (error) => this.warn(error));
    return redis;
  }

  private warn(error: unknown): void {
    if (!this.closed) this.logger.warn({ err: error }, 'connection lost');
  }
}

import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import pg from 'pg';
import {
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';
import { Problem } from '../http/problems.js';
import { rateLimits, type RateLimitName } from './rate-limits.js';

/** The state of a window (draft-ietf-httpapi-ratelimit-headers). */
export type RateHeaders = Record<
  'ratelimit-limit' | 'ratelimit-remaining' | 'ratelimit-reset' | 'ratelimit-policy',
  string
>;

/** Counts requests over all processes: in Redis if configured, else in an unlogged table of PostgreSQL. */
@Injectable()
export class RateLimiter implements OnModuleDestroy {
  private readonly logger = new Logger('RateLimits');
  private readonly limiters = new Map<RateLimitName, RateLimiterAbstract>();
  private store: { make: (options: Options) => RateLimiterAbstract; close: () => unknown } | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Counts one request. Returns null where limits are disabled.
   * @throws {Problem} `too_many_requests`, with the seconds to wait in `Retry-After`
   */
  async consume(name: RateLimitName, key: string): Promise<RateHeaders | null> {
    const limiter = this.limiter(name);
    if (!limiter) return null;
    try {
      return headersOf(name, limiter.points, await limiter.consume(key));
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const wait = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      throw new Problem('too_many_requests', {
        detail: `Try again in ${wait} seconds.`,
        headers: { 'retry-after': String(wait), ...headersOf(name, limiter.points, error) },
      });
    }
  }

  /** Counts work that nobody waits for. @returns whether it is within the limit */
  async allows(name: RateLimitName, key: string): Promise<boolean> {
    try {
      await this.consume(name, key);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.code === 'too_many_requests') return false;
      throw error;
    }
  }

  /** Takes one back that should not count. */
  async forgive(name: RateLimitName, key: string): Promise<void> {
    await this.limiter(name)?.reward(key);
  }

  onModuleDestroy(): unknown {
    return this.store?.close();
  }

  private limiter(name: RateLimitName): RateLimiterAbstract | undefined {
    const { rateLimitFactor } = this.config;
    if (rateLimitFactor === 0) return undefined;
    let limiter = this.limiters.get(name);
    if (!limiter) {
      const { points, seconds } = rateLimits[name];
      const scaled = Math.max(1, Math.round(points * rateLimitFactor));
      this.store ??= this.config.redisUrl ? this.redis(this.config.redisUrl) : this.postgres();
      limiter = this.store.make({ keyPrefix: name, points: scaled, duration: seconds });
      this.limiters.set(name, limiter);
    }
    return limiter;
  }

  private postgres() {
    const pool = new pg.Pool({
      connectionString: databaseUrl(this.config),
      max: 4,
      keepAlive: true,
      application_name: 'vitrine-limits',
    });
    pool.on('error', (error) => this.logger.warn({ err: error }, 'connection lost'));
    const where = {
      storeClient: pool,
      storeType: 'pool',
      schemaName: 'limits',
      tableName: 'rates',
      tableCreated: true,
    };
    return {
      make: (options: Options) => new RateLimiterPostgres({ ...options, ...where, clearExpiredByTimeout: false }),
      close: () => pool.end(),
    };
  }

  private redis(url: string) {
    const client = new Redis(url, { maxRetriesPerRequest: 1, connectTimeout: 2_000, keyPrefix: 'vitrine:limits:' });
    client.on('error', (error) => this.logger.warn({ err: error }, 'connection lost'));
    return {
      make: (options: Options) =>
        // While Redis is down each process counts for itself: better than no limit, and than no answer.
        new RateLimiterRedis({ ...options, storeClient: client, insuranceLimiter: new RateLimiterMemory(options) }),
      close: () => client.quit(),
    };
  }
}

interface Options {
  keyPrefix: string;
  points: number;
  /** seconds */
  duration: number;
}

function headersOf(name: RateLimitName, points: number, state: RateLimiterRes): RateHeaders {
  return {
    'ratelimit-limit': String(points),
    'ratelimit-remaining': String(Math.max(0, state.remainingPoints)),
    'ratelimit-reset': String(Math.max(0, Math.ceil(state.msBeforeNext / 1000))),
    'ratelimit-policy': `"${name}";q=${points};w=${rateLimits[name].seconds}`,
  };
}

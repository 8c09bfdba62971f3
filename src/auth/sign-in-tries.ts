import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { networkOf } from '../platform/limits/limited.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import type { RateLimitName } from '../platform/limits/rate-limits.js';
import { sha256 } from '../platform/secrets.js';

/**
 * Bounds wrong passwords per account and address, per address, and per account. Each try is counted before it is looked
 * at, so parallel ones get no more, and taken back when it was right. Names are counted whether they exist or not.
 */
@Injectable()
export class SignInTries {
  constructor(
    private readonly em: EntityManager,
    private readonly limiter: RateLimiter,
  ) {}

  /** @param look gives null for a wrong guess @throws {Problem} `too_many_requests` */
  async guess<T>(name: string, address: string, look: () => Promise<T | null>): Promise<T | null> {
    const [account, network] = [sha256(name.toLowerCase()), networkOf(address)];
    const counted: [RateLimitName, string][] = [
      ['sign-in-address', network],
      ['sign-in', `${account}:${network}`],
    ];
    // Whoever else guesses at an account must not lock its owner out where they always are.
    if (!(await this.isKnownAddress(name, address))) counted.push(['sign-in-account', account]);
    for (const [limit, key] of counted) await this.limiter.consume(limit, key);
    const found = await look();
    if (found !== null) await Promise.all(counted.map(([limit, key]) => this.limiter.forgive(limit, key)));
    return found;
  }

  private async isKnownAddress(name: string, address: string): Promise<boolean> {
    const [known] = await this.em.execute<unknown[]>(
      `select 1 from sessions s join users u on u.id = s.user_id
       where (lower(u.username) = lower(?) or lower(u.email) = lower(?)) and s.address = ? limit 1`,
      [name, name, address],
    );
    return known !== undefined;
  }
}

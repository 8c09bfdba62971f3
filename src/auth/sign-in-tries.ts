import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { networkOf } from '../platform/limits/limited.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import type { RateLimitName } from '../platform/limits/rate-limits.js';
import { sha256 } from '../platform/secrets.js';
import { sql } from '../platform/database/sql.js';

/**
 * Limits wrong passwords per account and address, per address, and per account. Each try is counted before it is
 * checked, so parallel requests gain nothing, and uncounted if it was right. Unknown names are counted, too.
 */
@Injectable()
export class SignInTries {
  constructor(
    private readonly em: EntityManager,
    private readonly limiter: RateLimiter,
  ) {}

  /**
   * @param look returns null for a wrong guess
   * @throws {Problem} `too_many_requests`
   */
  async guess<T>(name: string, address: string, look: () => Promise<T | null>): Promise<T | null> {
    const { account, isKnownAddress } = await this.accountOf(name, address);
    const network = networkOf(address);
    const counted: [RateLimitName, string][] = [
      ['sign-in-address', network],
      ['sign-in', `${account}:${network}`],
    ];
    // Strangers guessing at an account must not lock its owner out where they usually sign in.
    if (!isKnownAddress) counted.push(['sign-in-account', account]);
    await this.limiter.consume('sign-ins', `${account}:${network}`);
    for (const [limit, key] of counted) await this.limiter.consume(limit, key);
    const found = await look();
    if (found !== null) await Promise.all(counted.map(([limit, key]) => this.limiter.forgive(limit, key)));
    return found;
  }

  /** The same key for an account's name and its e-mail address; for an unknown name, the name's hash. */
  private async accountOf(name: string, address: string): Promise<{ account: string; isKnownAddress: boolean }> {
    const [known] = await sql<{ id: string; addresses: string[] }>`
      select u.id, array(select distinct s.address from sessions s where s.user_id = u.id) as addresses
      from users u where ${sql.raw(name.includes('@') ? 'lower(u.email)' : 'lower(u.username)')} =
        lower(${name})`.all(this.em);
    const network = networkOf(address);
    return {
      account: known?.id ?? sha256(name.toLowerCase()),
      // By network: a household has many IPv6 addresses, and they change.
      isKnownAddress: known?.addresses.some((used) => networkOf(used) === network) ?? false,
    };
  }
}

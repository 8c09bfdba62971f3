import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { ProblemCode } from '../platform/http/problem-codes.js';
import { Problem } from '../platform/http/problems.js';
import { deriveKey, hmac } from '../platform/secrets.js';
import type { CodePurpose } from './one-time-code.entity.js';
import { sql } from '../platform/database/sql.js';

interface AddressLimit {
  max: number;
  seconds: number;
  problem: ProblemCode;
}

const hour = 3_600;
const mails: AddressLimit = { max: 5, seconds: hour, problem: 'too_many_codes' };
/** Anybody can have these mails sent to anybody: limits how many a person who requested none can get. */
const unaskedMails: AddressLimit = { max: 15, seconds: 24 * hour, problem: 'too_many_codes' };
const tries: AddressLimit = { max: 10, seconds: hour, problem: 'too_many_tries' };

/** Who tries a code: the signed-in owner of the account, or anybody else, whose tries must not use up the owner's. */
export type CodeTrier = 'owner' | 'stranger';

/**
 * Counts mails and tries by address, whether an account has it or not, and across accounts that come and go. In the
 * caller's transaction: a refusal also rolls back its count.
 */
@Injectable()
export class AddressCounts {
  private readonly key: Buffer;

  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) config: Config,
  ) {
    this.key = deriveKey(config.secret, 'address-count');
  }

  /**
   * Counts a mail with a code.
   * @param email the recipient, or the id of the account that requested it
   * @throws {Problem} `too_many_codes`
   */
  async mail(email: string, purpose: CodePurpose): Promise<void> {
    const refusal =
      (await this.count(email, `mail:${purpose}`, mails)) ??
      // A verified owner must always be able to reset the password, however often others request it: the hour's last
      // mail stays valid.
      (purpose === 'reset_password' && (await this.isVerified(email))
        ? null
        : await this.count(email, `unasked-mail:${purpose}`, unaskedMails));
    if (refusal) throw refusal;
  }

  /**
   * Counts a try of a code; must be committed whether the code was right or not.
   * @returns `too_many_tries` or null
   */
  attempt(email: string, purpose: CodePurpose, by: CodeTrier): Promise<Problem | null> {
    return this.count(email, `try:${purpose}:${by}`, tries);
  }

  /** The code was right: the next one starts with all its tries. */
  async forgetTries(email: string, purpose: CodePurpose): Promise<void> {
    await sql`
      delete from address_counts where address = ${this.hash(email)}
        and what in (${`try:${purpose}:owner`}, ${`try:${purpose}:stranger`})`.all(this.em);
  }

  private async isVerified(email: string): Promise<boolean> {
    const [verified] = await sql`
      select 1 from users where lower(email) = lower(${email}) and email_verified_at is not null`.all(this.em);
    return verified !== undefined;
  }

  private async count(email: string, what: string, { max, seconds, problem }: AddressLimit): Promise<Problem | null> {
    const [row] = await sql<{ count: number; wait: number }>`
      insert into address_counts as c (address, what) values (${this.hash(email)}, ${what})
      on conflict (address, what) do update set
        count = case when c.since > now() - make_interval(secs => ${seconds}) then c.count + 1 else 1 end,
        since = case when c.since > now() - make_interval(secs => ${seconds}) then c.since else now() end
      returning count, ceil(extract(epoch from since - now()) + ${seconds})::int as wait`.all(this.em);
    const { count, wait } = row!;
    return count > max ? new Problem(problem, { headers: { 'retry-after': String(Math.max(1, wait)) } }) : null;
  }

  private hash(email: string): string {
    return hmac(this.key, email.toLowerCase());
  }
}
